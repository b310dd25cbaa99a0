/* What the machine runs: steps that name places instead of values, and the list of all that a step can do.

   A place is a *scalar*, one number for all lanes, or a *slot*, one number per lane of a tile. What a step does is a
   row of the table, or one of the tags beyond it below: rows fused where that changes no bit, faster twins of rows
   where `exact` is not asked for, and the traffic between tiles and columns. */

#ifndef AUTOGRAD_CODE_H
#define AUTOGRAD_CODE_H

#include "_kernels.h"
#include "_spans.h"

/* glibc's vectors of exp, sin, … : within 4 ulp. gcc takes them where a loop calls a function declared like this. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#if __GLIBC_PREREQ(2, 35)
#define VECTOR_MATH 1
#endif
#endif

/* ── what there are kernels for: X(name) for each f_name, by its number of operands ────────────────────────────── */

/* Bit for bit as eager: rows of which the compiler makes vector instructions … */
#define PLAIN_1(X) \
    X(identity) X(negate) X(absolute) X(sqrt) X(floor) X(ceil) X(trunc) X(sign) X(relu) X(logical_not) \
    X(atan_slope) X(asin_slope) X(atanh_slope)
#define PLAIN_2(X) \
    X(add) X(subtract) X(multiply) X(divide) X(chain) X(copysign) X(less) X(less_equal) X(greater) X(greater_equal) \
    X(equal) X(not_equal) X(logical_and) X(logical_or)
#define PLAIN_3(X) X(where) X(clip)

/* … and two rows in one step; `larger` and `smaller` are maximum and minimum of two. */
#define FUSED_2(X) X(larger) X(smaller) X(greater_of) X(sqrt_of_product) X(flat_chain) X(relu_chain)
#define FUSED_3(X) \
    X(multiply_add) X(multiply_subtract) X(subtract_multiply) X(chain_add) X(multiply_multiply) X(chain_chain) \
    X(selected_chain) X(selected_add) X(divide_by_sum) X(chain_of_slope) \
    X(relu_chain_chain)

/* Within 4 ulp of eager: f_fast_name for the row called name. Not gelu: it multiplies the error of a small erfc. */
#ifdef VECTOR_MATH
#define VECTOR_1(X) \
    X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(cbrt) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) \
    X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc)
#define FAST_1(X) VECTOR_1(X) X(sigmoid) X(softplus) X(silu)
#define FAST_2(X) X(power) X(atan2)
/* … where tame_name says that the operands are neither special nor extreme; other lanes, few, get f_name. */
#define TAME_1(X) X(normal)
#define TAME_2(X) X(bump) X(exp_of_difference) X(inverse_part)
#define TAME_3(X) X(ratio) X(bell)
#else
#define VECTOR_1(X)
#define FAST_1(X)
#define FAST_2(X)
#define TAME_1(X)
#define TAME_2(X)
#define TAME_3(X)
#endif

/* Many operands, one after the other. */
#define FOLDS(X) X(maximum) X(minimum) X(prod)
#define SUMS(X) \
    X(sum) X(sum_of_2) X(sum_of_3) /* an initial number, then pairs of factors: any, or so many plain ones */ \
    X(sum_of_chains)               /* two pairs of factors, each an adjoint, a slot, and a partial */ \
    X(sums)                        /* this sum and so many right before it, of the same factors */

/* Between columns and tiles, and what is done lane by lane. */
#define ADDERS(X) X(add_up_products) X(add_up_chains) X(add_eights) /* over all lanes; at last, parts of sums */
#define OTHERS(X) X(load) X(load_rows) X(fetch) X(store) X(spread) X(check) X(each_lane) X(each_lane_python) ADDERS(X)
#define WITHOUT_KERNEL(X) \
    X(loaded) X(joined_sum) X(joined_adder) /* done by the step they are joined to */ \
    X(leave) X(strip)                       /* done not by lanes, but to them */ \
    X(sum_in_parts)                         /* of scalars: an initial number, so many runs, and so many pairs */ \
    X(add_up)                               /* asked for only */

enum {
    TAG_last_row = BUILT_IN_COUNT - 1,
#define TAG(name) TAG_##name,
#define FAST_TAG(name) TAG_fast_##name,
    FUSED_2(TAG) FUSED_3(TAG) FAST_1(FAST_TAG) FAST_2(FAST_TAG) TAME_1(FAST_TAG) TAME_2(FAST_TAG) TAME_3(FAST_TAG)
    SUMS(TAG) OTHERS(TAG) WITHOUT_KERNEL(TAG)
#undef TAG
    TAG_COUNT
};

/* ── steps ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define MOST_DIRECT 3
#define MOST_LOADED 8 /* columns together */
#define MOST_SHORT 3  /* products of a sum that has a kernel for so many */
#define VARIANTS 8 /* bit i of a variant: operand i is a scalar */
#define SCALAR_BIT UINT32_C(0x80000000)
#define STRONG_BIT UINT32_C(0x40000000) /* of the first factor of a pair: what is summed is their chain */
#define VALUE(operand) ((operand) & ~(SCALAR_BIT | STRONG_BIT))

/* An operand in a list has the SCALAR_BIT if it is a scalar; where a step has its operands itself, the variant says so.
   `out` is a place, the number of an output, a sum or a guard, or how many guards have been checked. */
typedef struct Step {
    uint16_t tag, variant;
    uint32_t out;
    uint32_t operand[MOST_DIRECT]; /* of a list (leave has one, too): its start and length, and what each_lane computes,
                                      or how many steps are joined to it */
} Step;

/* How a joined sum ends: its variant. */
enum Ending { PLAIN_SUM, RELU_OF_SUM, RELU_CHAIN_OF_SUM /* given the result of relu, at the end of the list */ };

/* How many pairs of factors a sum has: in its list they follow the initial number. */
static inline uint32_t pairs_of(const Step *sum) { return (sum->operand[1] - 1) / 2; }

enum Shape { DIRECT_0, DIRECT_1, DIRECT_2, DIRECT_3, LIST };

static const uint8_t SHAPE[TAG_COUNT] = {
#define ONE(name) [TAG_##name] = DIRECT_1,
#define TWO(name) [TAG_##name] = DIRECT_2,
#define THREE(name) [TAG_##name] = DIRECT_3,
#define FAST_ONE(name) [TAG_fast_##name] = DIRECT_1,
#define FAST_TWO(name) [TAG_fast_##name] = DIRECT_2,
#define FAST_THREE(name) [TAG_fast_##name] = DIRECT_3,
#define LISTED(name) [TAG_##name] = LIST,
    PLAIN_1(ONE) PLAIN_2(TWO) PLAIN_3(THREE) FUSED_2(TWO) FUSED_3(THREE)
    FAST_1(FAST_ONE) FAST_2(FAST_TWO) TAME_1(FAST_ONE) TAME_2(FAST_TWO) TAME_3(FAST_THREE)
    FOLDS(LISTED) SUMS(LISTED) LISTED(each_lane) LISTED(each_lane_python) ONE(store) ONE(spread) ONE(check)
    LISTED(add_up_products) LISTED(add_up_chains) LISTED(joined_sum) LISTED(joined_adder)
#undef ONE
#undef TWO
#undef THREE
#undef FAST_ONE
#undef FAST_TWO
#undef FAST_THREE
#undef LISTED
};

/* The faster twin of a row; 0, which has none, if there is none. */
static const uint16_t FASTER[BUILT_IN_COUNT] = {
    [0] = 0,
#define TWIN(name) [TAG_##name] = TAG_fast_##name,
    FAST_1(TWIN) FAST_2(TWIN) TAME_1(TWIN) TAME_2(TWIN) TAME_3(TWIN)
#undef TWIN
};
#undef FAST_TAG

/* Whether `out` is a place: else the step hands on what it is given. */
static inline int has_result(uint16_t tag)
{
    return tag != TAG_fetch && tag != TAG_store && tag != TAG_check && tag != TAG_leave && tag != TAG_add_up_products
           && tag != TAG_add_up_chains && tag != TAG_joined_adder;
}

#define NONE UINT32_MAX

typedef struct Code {
    Step *scalar_steps, *steps; /* once per run; once per tile */
    uint32_t scalar_step_count, step_count;
    uint32_t strips;   /* among the scalar steps, each of which is two */
    uint32_t *lists;
    uint32_t *results; /* per root the number of its sum, if it is one, or of the scalar where it stands */
    uint32_t *apart;   /* per root that is summed the scalar to be added once per lane, or NONE; then results may be NONE */
    Spans uniforms;    /* the inputs that are the same for all lanes */
    Spans outputs;     /* where the results of a single lane stand */
    uint32_t scalars, slots, sums, longest_list;
    uint32_t zero, one; /* the scalars of these values */
    int calls_python;
} Code;

/* Return what a step refers to. */
static uint32_t *references(const Code *code, const Step *step, uint32_t *count)
{
    const int listed = SHAPE[step->tag] == LIST;
    *count = listed ? step->operand[1] : SHAPE[step->tag];
    return listed ? code->lists + step->operand[0] : (uint32_t *)step->operand;
}

/* ── values of the fused rows, each operation rounded for itself ───────────────────────────────────────────────── */

static inline double f_larger(double x, double y) { return y > x || y != y ? y : x; }
static inline double f_smaller(double x, double y) { return y < x || y != y ? y : x; }
static inline double f_greater_of(double x, double y) { return x > y ? x : y; }
static inline double f_sqrt_of_product(double x, double y) { return f_sqrt(x * y); }
static inline double f_multiply_add(double x, double y, double z) { return x * y + z; }
static inline double f_multiply_subtract(double x, double y, double z) { return x * y - z; }
static inline double f_subtract_multiply(double x, double y, double z) { return z - x * y; }
static inline double f_chain_add(double x, double y, double z) { return f_chain(x, y) + z; }
static inline double f_multiply_multiply(double x, double y, double z) { return x * y * z; }
static inline double f_chain_chain(double x, double y, double z) { return f_chain(f_chain(x, y), z); }

static inline double f_selected_add(double condition, double x, double y) { return (condition != 0.0 ? x : 0.0) + y; }
static inline double f_divide_by_sum(double x, double y, double z) { return x / (y + z); }
static inline double f_chain_of_slope(double x, double y, double z) { return f_chain(x, y / (z + 0.0)); }

static inline double f_selected_chain(double condition, double x, double y)
{
    const double product = f_chain(x, y);
    return condition != 0.0 ? product : 0.0;
}

/* What a step passes on of an adjoint, nothing but NaN; and relu, given its result. */
static inline double f_flat_chain(double z, double adjoint) { return z == z ? 0.0 : f_chain(adjoint, NAN); }
static inline double f_relu_chain(double z, double adjoint)
{
    const double flat = f_flat_chain(z, adjoint);
    return z > 0.0 ? adjoint : flat;
}

static inline double f_relu_chain_chain(double z, double adjoint, double partial)
{
    return f_relu_chain(z, f_chain(adjoint, partial));
}

/* ── values within 4 ulp ───────────────────────────────────────────────────────────────────────────────────────── */

#ifdef VECTOR_MATH
#define VECTOR_OF_1(name) \
    double vector_##name(double) __asm__(#name) __attribute__((simd("notinbranch"), const)); \
    static inline double f_fast_##name(double x) { return vector_##name(x); }
VECTOR_1(VECTOR_OF_1)
#undef VECTOR_OF_1
double vector_power(double, double) __asm__("pow") __attribute__((simd("notinbranch"), const));
double vector_atan2(double, double) __asm__("atan2") __attribute__((simd("notinbranch"), const));

static inline double f_fast_power(double x, double y) { return vector_power(x, y); }
static inline double f_fast_atan2(double y, double x) { return vector_atan2(y, x); }

static inline double f_fast_sigmoid(double x)
{
    const double e = vector_exp(-fabs(x));
    return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}

static inline double f_fast_softplus(double x) { return f_relu(x) + vector_log1p(vector_exp(-fabs(x))); }

static inline double f_fast_silu(double x)
{
    const double part = f_fast_sigmoid(x);
    return part == 0.0 ? -0.0 : x * part; /* at -infinity, too */
}

/* ── values within 4 ulp of tame operands: the formulas of the rows, on their usual way ────────────────────────── */

static inline _Bool is_moderate(double x) { return 1e-90 <= fabs(x) && fabs(x) <= 1e90; }

static inline _Bool tame_ratio(double x, double y, double n)
{
    return n == 2.0 && (is_moderate(x) || x == 0.0) && is_moderate(y);
}
static inline double f_fast_ratio(double x, double y, double n) { return (void)n, x / (y * y); }

static inline _Bool tame_inverse_part(double x, double y) { return is_moderate(x) && is_moderate(y); }
static inline double f_fast_inverse_part(double x, double y)
{
    const double size = fabs(x) >= fabs(y) ? x : y, other = fabs(x) >= fabs(y) ? y : x, t = other / size;
    return (fabs(x) >= fabs(y) ? 1.0 / size : t / size) / (1.0 + t * t);
}

static inline _Bool tame_exp_of_difference(double x, double y) { return fabs(x - y) < 600.0; }
static inline double f_fast_exp_of_difference(double x, double y)
{
    double rest;
    const double difference = two_difference(x, y, &rest), value = vector_exp(difference);
    return value + value * rest;
}

static inline _Bool tame_bump(double c, double x) { return (void)c, fabs(x) < 600.0; }
static inline double f_fast_bump(double c, double x)
{
    const double e = vector_exp(-fabs(x)), total = 1.0 + e, slope = e / (total * total);
    return c * (slope - slope * (2.0 * (e - (total - 1.0)) / total));
}

static inline _Bool tame_bell(double n, double a, double x)
{
    return (n == 0.0 || n == 1.0) && fabs(x) < 1000.0 && fabs(a * x * x) < 600.0;
}
/* Given the rest of x·x */
static inline double f_bell_and_rest(double n, double a, double x, double rest)
{
    const double value = vector_exp(-a * (x * x));
    return (n == 0.0 ? 1.0 : -2.0 * a * x) * (value - value * (a * rest));
}

static inline _Bool tame_normal(double x) { return fabs(x) < 25.0; }

/* Given the rest of -x·√½ */
static inline double f_normal_and_rest(double x, double rest)
{
    const double t = -x * SQRT_HALF;
    return 0.5 * vector_erfc(t) - 0.5 * ERF_SLOPE * (rest - x * SQRT_HALF_REST) * vector_exp(-t * t);
}
#endif

#endif
