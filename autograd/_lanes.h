/* Kernels that do a step on all lanes of a tile. Included once for each width of vectors, with

     VECTOR_BYTES   the width
     TARGET         the attribute of functions that may use such vectors
     LANES(name)    the name of what is defined here

   Lanes are worked on in eights: up to seven beyond the last one are computed, too, with numbers that do not matter. */

typedef double LANES(Vector) __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t LANES(Mask) __attribute__((vector_size(VECTOR_BYTES)));
#define Vector LANES(Vector)
#define Mask LANES(Mask)
enum { LANES(WIDTH) = VECTOR_BYTES / sizeof(double) };
#define WIDTH LANES(WIDTH)

/* ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Results may stand where an operand does, lane by lane, which the compiler need not fear. */
#define KERNEL(NAME, VARIANT, ...) \
    static TARGET void LANES(NAME##_##VARIANT)(const Step *step, const Tile *tile) \
    { \
        const double *const x = direct(step, tile, 0, VARIANT), *const y = direct(step, tile, 1, VARIANT); \
        const double *const z = direct(step, tile, 2, VARIANT); \
        const double x_0 = *x, y_0 = *y, z_0 = *z; \
        double *const out = slot(tile, step->out); \
        const ptrdiff_t count = in_eights(tile->count); \
        (void)x_0, (void)y_0, (void)z_0; \
        INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) \
        { \
            out[i] = f_##NAME(__VA_ARGS__); \
        } \
    }
#define KERNELS_1(NAME) KERNEL(NAME, 0, x[i])
#define KERNELS_2(NAME) KERNEL(NAME, 0, x[i], y[i]) KERNEL(NAME, 1, x_0, y[i]) KERNEL(NAME, 2, x[i], y_0)
#define KERNELS_3(NAME) \
    KERNEL(NAME, 0, x[i], y[i], z[i]) KERNEL(NAME, 1, x_0, y[i], z[i]) KERNEL(NAME, 2, x[i], y_0, z[i]) \
    KERNEL(NAME, 3, x_0, y_0, z[i]) KERNEL(NAME, 4, x[i], y[i], z_0) KERNEL(NAME, 5, x_0, y[i], z_0) \
    KERNEL(NAME, 6, x[i], y_0, z_0)
#define FAST_KERNELS_1(NAME) KERNELS_1(fast_##NAME)
#define FAST_KERNELS_2(NAME) KERNELS_2(fast_##NAME)

PLAIN_1(KERNELS_1)
PLAIN_2(KERNELS_2)
PLAIN_3(KERNELS_3)
FUSED_2(KERNELS_2)
FUSED_3(KERNELS_3)
FAST_1(FAST_KERNELS_1)
FAST_2(FAST_KERNELS_2)

/* What a product is rounded by: where there are fused operations, one of them instead of seventeen others. */
static INLINE TARGET double LANES(rest_of)(double x, double y)
{
#if VECTOR_BYTES > 16 || defined(__FP_FAST_FMA)
    return __builtin_fma(x, y, -(x * y));
#else
    double rest;
    two_product(x, y, &rest);
    return rest;
#endif
}

#define f_fast_bell(n, a, x) f_bell_and_rest(n, a, x, LANES(rest_of)(x, x))
#define f_fast_normal(x) f_normal_and_rest(x, LANES(rest_of)(-(x), SQRT_HALF))

/* Lanes whose operands are not tame are computed for themselves; which lanes a tile has changes nothing for the others,
   for all are computed by the same loop. */
#define TAME_KERNEL(NAME, VARIANT, ...) \
    static TARGET __attribute__((noinline)) void LANES(all_of_##NAME##_##VARIANT)( \
        const double *x, const double *y, const double *z, double *out, ptrdiff_t count) \
    { \
        const double x_0 = *x, y_0 = *y, z_0 = *z; \
        (void)x_0, (void)y_0, (void)z_0; \
        INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) \
        { \
            out[i] = f_fast_##NAME(__VA_ARGS__); \
        } \
    } \
    static TARGET void LANES(fast_##NAME##_##VARIANT)(const Step *step, const Tile *tile) \
    { \
        const double *const x = direct(step, tile, 0, VARIANT), *const y = direct(step, tile, 1, VARIANT); \
        const double *const z = direct(step, tile, 2, VARIANT); \
        const double x_0 = *x, y_0 = *y, z_0 = *z; \
        double *const out = slot(tile, step->out); \
        const ptrdiff_t count = in_eights(tile->count); \
        int64_t wild = 0; \
        (void)x_0, (void)y_0, (void)z_0; \
        for (ptrdiff_t i = 0; i < count; i++) { \
            wild |= tame_##NAME(__VA_ARGS__) ? 0 : 1; \
        } \
        if (!wild) { \
            LANES(all_of_##NAME##_##VARIANT)(x, y, z, out, count); \
            return; \
        } \
        for (ptrdiff_t first = 0; first < count; first += 8) { \
            const ptrdiff_t at_x = VARIANT & 1 ? 0 : first, at_y = VARIANT & 2 ? 0 : first; \
            const ptrdiff_t at_z = VARIANT & 4 ? 0 : first; \
            double found[8]; \
            LANES(all_of_##NAME##_##VARIANT)(x + at_x, y + at_y, z + at_z, found, 8); \
            for (ptrdiff_t i = first; i < first + 8; i++) { \
                found[i - first] = tame_##NAME(__VA_ARGS__) ? found[i - first] : f_##NAME(__VA_ARGS__); \
            } \
            memcpy(out + first, found, sizeof found); \
        } \
    }
#define TAME_KERNELS_1(NAME) TAME_KERNEL(NAME, 0, x[i])
#define TAME_KERNELS_2(NAME) \
    TAME_KERNEL(NAME, 0, x[i], y[i]) TAME_KERNEL(NAME, 1, x_0, y[i]) TAME_KERNEL(NAME, 2, x[i], y_0)
#define TAME_KERNELS_3(NAME) \
    TAME_KERNEL(NAME, 0, x[i], y[i], z[i]) TAME_KERNEL(NAME, 1, x_0, y[i], z[i]) \
    TAME_KERNEL(NAME, 2, x[i], y_0, z[i]) TAME_KERNEL(NAME, 3, x_0, y_0, z[i]) TAME_KERNEL(NAME, 4, x[i], y[i], z_0) \
    TAME_KERNEL(NAME, 5, x_0, y[i], z_0) TAME_KERNEL(NAME, 6, x[i], y_0, z_0)

TAME_1(TAME_KERNELS_1)
TAME_2(TAME_KERNELS_2)
TAME_3(TAME_KERNELS_3)

/* A scalar in every lane. */
static TARGET void LANES(spread_1)(const Step *step, const Tile *tile)
{
    const double x = tile->scalars[step->operand[0]];
    double *const out = slot(tile, step->out);
    const ptrdiff_t count = in_eights(tile->count);
    for (ptrdiff_t i = 0; i < count; i++) {
        out[i] = x;
    }
}

/* ── sums and other folds: a strip of lanes at a time, which stays in registers ─────────────────────────────────── */

static INLINE TARGET Vector LANES(broadcast)(double x) { return x - (Vector){0}; } /* keeps -0.0, as x + 0 does not */

static INLINE TARGET Vector LANES(read)(const double *x)
{
    Vector v;
    memcpy(&v, x, sizeof v);
    return v;
}

static INLINE TARGET Vector LANES(strip_of)(uint32_t operand, const Tile *tile, ptrdiff_t i)
{
    return operand & SCALAR_BIT ? LANES(broadcast)(tile->scalars[operand & ~SCALAR_BIT])
                                : LANES(read)(slot(tile, operand) + i);
}

static INLINE TARGET Vector LANES(product)(Vector x, Vector y, int strong)
{
    return strong ? (Vector)((Mask)(x * y) & (Mask)(x != (Vector){0})) : x * y;
}

/* Add to sum[0], sum[1], … the terms of a pair of factors. */
static INLINE TARGET void LANES(add_terms)(Vector *sum, int vectors, const uint32_t *pair, const Tile *tile,
                                           ptrdiff_t i, uint32_t kinds)
{
    const uint32_t x = VALUE(pair[0]), y = VALUE(pair[1]);
    const double *const xs = kinds & 1 ? tile->scalars + x : slot(tile, x) + i;
    const double *const ys = kinds & 2 ? tile->scalars + y : slot(tile, y) + i;
    const Vector x_all = kinds & 1 ? LANES(broadcast)(*xs) : (Vector){0};
    const Vector y_all = kinds & 2 ? LANES(broadcast)(*ys) : (Vector){0};
    for (int k = 0; k < vectors; k++) {
        const Vector x_k = kinds & 1 ? x_all : LANES(read)(xs + k * WIDTH);
        const Vector y_k = kinds & 2 ? y_all : LANES(read)(ys + k * WIDTH);
        sum[k] += LANES(product)(x_k, y_k, kinds & STRONG_KIND);
    }
}

/* The pairs are taken in runs of one kind, so the loop over a run knows what it reads. */
enum { LANES(MOST_EIGHTS) = WIDTH == 8 ? 16 : WIDTH };

/* Bits that are 0 in the lanes where x is finite. */
static INLINE TARGET Mask LANES(wildness)(Vector x) { return (Mask)(x - x); }

static INLINE TARGET Vector LANES(relu_of)(Vector x) { return (Vector)((Mask)x & ~(Mask)(x <= (Vector){0})); }

static INLINE TARGET int LANES(is_anything_in)(Mask mask)
{
#if VECTOR_BYTES == 64
    return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif VECTOR_BYTES == 32
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
    return (mask[0] | mask[1]) != 0;
#endif
}

/* Without looking at adjoints, chains are taken for products. Return whether they may be: they differ in the sign of 0,
   which does not matter to a sum that begins with 0, and where factors, and so the sum, are not finite. */
static INLINE TARGET int LANES(sum_strip)(const Step *step, const Tile *tile, ptrdiff_t i, int vectors, int looking)
{
    const uint32_t *pair = tile->lists + step->operand[0], *const end = pair + 1 + 2 * pairs_of(step);
    const uint32_t seen = looking ? 1 | 2 | STRONG_KIND : 1 | 2;
    Vector sum[8 * LANES(MOST_EIGHTS) / WIDTH];
    for (int k = 0; k < vectors; k++) {
        sum[k] = LANES(strip_of)(*pair, tile, i + k * WIDTH);
    }
    for (pair++; pair < end;) {
        switch (kinds_of(pair) & seen) {
#define RUN_OF(kinds) \
    case kinds: \
        do { \
            LANES(add_terms)(sum, vectors, pair, tile, i, kinds); \
            pair += 2; \
        } while (pair < end && (kinds_of(pair) & seen) == kinds); \
        break;
            RUN_OF(0) RUN_OF(1) RUN_OF(2) RUN_OF(3) RUN_OF(4) RUN_OF(5) RUN_OF(6) RUN_OF(7)
#undef RUN_OF
        }
    }
    Mask wild = {0};
    for (int k = 0; !looking && k < vectors; k++) {
        wild |= LANES(wildness)(sum[k]);
    }
    if (LANES(is_anything_in)(wild)) {
        return 0;
    }
    double *const out = slot(tile, step->out) + i;
    for (int k = 0; k < vectors; k++) {
        memcpy(out + k * WIDTH, &sum[k], sizeof sum[k]);
    }
    return 1;
}

static TARGET __attribute__((noinline)) void LANES(sum_looking)(const Step *step, const Tile *tile, ptrdiff_t i,
                                                                ptrdiff_t end)
{
    for (; i < end; i += 8) {
        LANES(sum_strip)(step, tile, i, 8 / WIDTH, 1);
    }
}

/* As many lanes at once as there are registers for. */
static INLINE TARGET void LANES(sum_strips)(const Step *step, const Tile *tile, int looking)
{
    const ptrdiff_t count = in_eights(tile->count);
    for (ptrdiff_t i = 0, eights; i < count; i += 8 * eights) {
        eights = (count - i) / 8 < LANES(MOST_EIGHTS) ? (count - i) / 8 : LANES(MOST_EIGHTS);
        switch (eights) {
#define EIGHTS(n) \
    case n: \
        if (n <= LANES(MOST_EIGHTS) && !LANES(sum_strip)(step, tile, i, n * 8 / WIDTH, looking)) { \
            LANES(sum_looking)(step, tile, i, i + n * 8); \
        } \
        break;
            EIGHTS(1) EIGHTS(2) EIGHTS(3) EIGHTS(4) EIGHTS(5) EIGHTS(6) EIGHTS(7) EIGHTS(8)
            EIGHTS(9) EIGHTS(10) EIGHTS(11) EIGHTS(12) EIGHTS(13) EIGHTS(14) EIGHTS(15) EIGHTS(16)
#undef EIGHTS
        }
    }
}

static TARGET void LANES(sum_0)(const Step *step, const Tile *tile) { LANES(sum_strips)(step, tile, 1); }

/* A sum with chains that begins with 0, or with what may be -0 instead. */
static TARGET void LANES(sum_1)(const Step *step, const Tile *tile) { LANES(sum_strips)(step, tile, 0); }

/* Sums of a scalar and two or three products; bit i of a variant: the first factor of pair i is a scalar. Most sums are
   so short, and to find out what each pair is would take as long as to add it. */
static INLINE TARGET void LANES(short_sum)(const Step *step, const Tile *tile, int pairs, int variant)
{
    const uint32_t *const pair = tile->lists + step->operand[0] + 1;
    const double *xs[MOST_SHORT], *ys[MOST_SHORT];
    const Vector initial = LANES(strip_of)(pair[-1], tile, 0);
    Vector x_all[MOST_SHORT];
    double *const out = slot(tile, step->out);
    const ptrdiff_t count = in_eights(tile->count);
    for (int k = 0; k < pairs; k++) {
        xs[k] = listed(tile, pair[2 * k], 0), ys[k] = slot(tile, pair[2 * k + 1]);
        x_all[k] = LANES(broadcast)(*xs[k]);
    }
    for (ptrdiff_t i = 0; i < count; i += WIDTH) {
        Vector sum = initial;
        for (int k = 0; k < pairs; k++) {
            sum += (variant >> k & 1 ? x_all[k] : LANES(read)(xs[k] + i)) * LANES(read)(ys[k] + i);
        }
        memcpy(out + i, &sum, sizeof sum);
    }
}

#define SHORT_SUM(PAIRS, VARIANT) \
    static TARGET void LANES(sum_of_##PAIRS##_##VARIANT)(const Step *step, const Tile *tile) \
    { \
        LANES(short_sum)(step, tile, PAIRS, VARIANT); \
    }
SHORT_SUM(2, 0) SHORT_SUM(2, 1) SHORT_SUM(2, 2) SHORT_SUM(2, 3)
SHORT_SUM(3, 0) SHORT_SUM(3, 1) SHORT_SUM(3, 2) SHORT_SUM(3, 3)
SHORT_SUM(3, 4) SHORT_SUM(3, 5) SHORT_SUM(3, 6) SHORT_SUM(3, 7)

/* The sum of two chains; bit i of a variant: the partial of chain i is a scalar. */
#define SUM_OF_CHAINS(VARIANT, Y, V) \
    static TARGET void LANES(sum_of_chains_##VARIANT)(const Step *step, const Tile *tile) \
    { \
        const uint32_t *const list = tile->lists + step->operand[0]; \
        const double *const x = slot(tile, VALUE(list[0])), *const y = listed(tile, list[1], 0); \
        const double *const u = slot(tile, VALUE(list[2])), *const v = listed(tile, list[3], 0); \
        const double y_0 = *y, v_0 = *v; \
        double *const out = slot(tile, step->out); \
        const ptrdiff_t count = in_eights(tile->count); \
        (void)y_0, (void)v_0; \
        INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) \
        { \
            out[i] = f_chain(x[i], Y) + f_chain(u[i], V); \
        } \
    }
SUM_OF_CHAINS(0, y[i], v[i])
SUM_OF_CHAINS(1, y_0, v[i])
SUM_OF_CHAINS(2, y[i], v_0)
SUM_OF_CHAINS(3, y_0, v_0)

#define f_after_maximum(x, y) f_larger(x, y)
#define f_after_minimum(x, y) f_smaller(x, y)
#define f_after_prod(x, y) ((x) * (y))

#define FOLD(NAME) \
    static TARGET void LANES(NAME##_0)(const Step *step, const Tile *tile) \
    { \
        const uint32_t *const list = tile->lists + step->operand[0], n = step->operand[1]; \
        double *const out = slot(tile, step->out); \
        const ptrdiff_t count = in_eights(tile->count); \
        for (ptrdiff_t i = 0; i < count; i += 8) { \
            double so_far[8]; \
            for (int j = 0; j < 8; j++) { \
                so_far[j] = *listed(tile, list[0], i + j); \
            } \
            for (uint32_t k = 1; k < n; k++) { \
                const double *const x = listed(tile, list[k], i); \
                const double x_0 = *x; \
                const int stays = (list[k] & SCALAR_BIT) != 0; \
                for (int j = 0; j < 8; j++) { \
                    const double next = stays ? x_0 : x[j]; \
                    so_far[j] = f_after_##NAME(so_far[j], next); \
                } \
            } \
            memcpy(out + i, so_far, sizeof so_far); \
        } \
    }
FOLDS(FOLD)

#include "_together.h"

/* ── sums over lanes ───────────────────────────────────────────────────────────────────────────────────────────── */

/* Eight sums, lane i being added to sum i modulo 8: so the order depends neither on vectors nor on tiles. Of the last
   eight lanes, those beyond the end are masked; adding 0 changes no sum, for none of them is -0. */
enum { LANES(PARTS) = 8 / WIDTH };
#define PARTS LANES(PARTS)

static INLINE TARGET Vector LANES(masked)(Vector x, ptrdiff_t i, int k, ptrdiff_t count)
{
    static const int64_t within[15] = {-1, -1, -1, -1, -1, -1, -1, -1};
    Mask mask;
    memcpy(&mask, within + (8 - (count - i)) + k * WIDTH, sizeof mask);
    return (Vector)((Mask)x & mask);
}

/* Add x·y for some x and several y at once, so that the additions need not wait for each other, and each number is read
   once; or for one y, which may be a scalar. The sums of an x stand one after the other. Without looking at x, chains are
   taken for products; return whether they may be. */
static INLINE TARGET int LANES(add_products)(const Tile *tile, const Step *row, int rows, uint32_t first, int many,
                                             int strong, int looking)
{
    const uint32_t *const y = tile->lists + row->operand[0] + 1 + first;
    const int stays = many == 1 && y[0] & SCALAR_BIT;
    const ptrdiff_t count = tile->count, full = count & -8;
    const double *xs[4], *ys[4];
    double *sums[4], spread[8];
    Vector sum[4][4][PARTS];
    Mask wild = {0};
    UNROLLED for (int q = 0; q < many; q++) {
        ys[q] = listed(tile, y[q], 0);
    }
    if (stays) {
        for (int i = 0; i < 8; i++) {
            spread[i] = *ys[0];
        }
        ys[0] = spread;
    }
    UNROLLED for (int p = 0; p < rows; p++) {
        xs[p] = slot(tile, tile->lists[row[p].operand[0]]);
        sums[p] = tile->sums + ((size_t)row[p].out + first) * 8;
        UNROLLED for (int q = 0; q < many; q++) {
            UNROLLED for (int k = 0; k < PARTS; k++) {
                sum[p][q][k] = tile->begins ? (Vector){0} : LANES(read)(sums[p] + q * 8 + k * WIDTH);
            }
        }
    }
#define ADD_EIGHT(READ) \
    UNROLLED for (int k = 0; k < PARTS; k++) { \
        Vector y_k[4]; \
        UNROLLED for (int q = 0; q < many; q++) { \
            y_k[q] = READ(ys[q] + (stays ? 0 : i) + k * WIDTH); \
        } \
        UNROLLED for (int p = 0; p < rows; p++) { \
            const Vector x_k = READ(xs[p] + i + k * WIDTH); \
            UNROLLED for (int q = 0; q < many; q++) { \
                sum[p][q][k] += LANES(product)(x_k, y_k[q], strong && looking); \
            } \
        } \
    }
#define READ_SOME(from) LANES(masked)(LANES(read)(from), i, k, count)
    ptrdiff_t i = 0;
    for (; i < full; i += 8) {
        ADD_EIGHT(LANES(read))
    }
    if (i < count) {
        ADD_EIGHT(READ_SOME)
    }
#undef READ_SOME
#undef ADD_EIGHT
    if (strong && !looking) {
        UNROLLED for (int p = 0; p < rows; p++) {
            UNROLLED for (int q = 0; q < many; q++) {
                UNROLLED for (int k = 0; k < PARTS; k++) {
                    wild |= LANES(wildness)(sum[p][q][k]);
                }
            }
        }
    }
    if (LANES(is_anything_in)(wild)) {
        return 0;
    }
    UNROLLED for (int p = 0; p < rows; p++) {
        UNROLLED for (int q = 0; q < many; q++) {
            UNROLLED for (int k = 0; k < PARTS; k++) {
                memcpy(sums[p] + q * 8 + k * WIDTH, &sum[p][q][k], sizeof sum[p][q][k]);
            }
        }
    }
    return 1;
}

static TARGET __attribute__((noinline)) void LANES(add_chains_looking)(const Tile *tile, const Step *row, int rows,
                                                                       uint32_t first, uint32_t many)
{
    for (int p = 0; p < rows; p++) {
        for (uint32_t q = 0; q < many; q++) {
            LANES(add_products)(tile, row + p, 1, first + q, 1, 1, 1);
        }
    }
}

/* So many x at once as there are registers for; and four y. */
enum { LANES(MOST_ROWS) = WIDTH == 8 ? 4 : 1 };

/* A list of x and of all y, like those of the steps that are joined to it. */
#define ADDER(NAME, STRONG) \
    static TARGET void LANES(NAME##_0)(const Step *step, const Tile *tile) \
    { \
        const uint32_t n = step->operand[1] - 1; \
        for (const Step *row = step - step->operand[2]; row <= step; row += LANES(MOST_ROWS)) { \
            const ptrdiff_t rows = step - row + 1 < LANES(MOST_ROWS) ? step - row + 1 : LANES(MOST_ROWS); \
            for (uint32_t first = 0, many; first < n; first += many) { \
                many = n - first < 4 ? n - first : 4; \
                switch (4 * rows + many) { \
                    ADD_ROWS(1, STRONG) ADD_ROWS(2, STRONG) ADD_ROWS(3, STRONG) ADD_ROWS(4, STRONG) \
                } \
            } \
        } \
    }
#define ADD_ROWS(ROWS, STRONG) \
    ADD_MANY(ROWS, 1, STRONG) ADD_MANY(ROWS, 2, STRONG) ADD_MANY(ROWS, 3, STRONG) ADD_MANY(ROWS, 4, STRONG)
#define ADD_MANY(ROWS, MANY, STRONG) \
    case 4 * ROWS + MANY: \
        if (ROWS <= LANES(MOST_ROWS) && !LANES(add_products)(tile, row, ROWS, first, MANY, STRONG, 0)) { \
            LANES(add_chains_looking)(tile, row, ROWS, first, MANY); \
        } \
        break;
ADDER(add_up_products, 0)
ADDER(add_up_chains, 1)

/* ── columns ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

#ifdef SHUFFLES
#if VECTOR_BYTES == 64
#define LOWER(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER(x, y) __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VECTOR_BYTES == 32
#define LOWER(x, y) __builtin_shufflevector(x, y, 0, 4, 1, 5)
#define UPPER(x, y) __builtin_shufflevector(x, y, 2, 6, 3, 7)
#else
#define LOWER(x, y) __builtin_shufflevector(x, y, 0, 2)
#define UPPER(x, y) __builtin_shufflevector(x, y, 1, 3)
#endif

/* Transpose a square: each round interleaves its lower and its upper half, as one shuffles cards. */
static INLINE TARGET void LANES(transpose)(Vector *x)
{
    for (int round = 1; round < WIDTH; round *= 2) {
        Vector y[WIDTH];
        for (int k = 0; k < WIDTH / 2; k++) {
            y[2 * k] = LOWER(x[k], x[k + WIDTH / 2]);
            y[2 * k + 1] = UPPER(x[k], x[k + WIDTH / 2]);
        }
        memcpy(x, y, sizeof y);
    }
}

#undef LOWER
#undef UPPER

/* Read WIDTH lanes of as many columns; if they are `adjacent`, one place tells all the others. */
static INLINE TARGET void LANES(load_square)(const Tile *tile, Column column, double *const *outs, ptrdiff_t i,
                                             int adjacent)
{
    Vector x[WIDTH];
    const char *const first = place_in(tile, column, i);
    for (ptrdiff_t k = 0; k < WIDTH; k++) {
        const ptrdiff_t lane = i + k < tile->count ? i + k : tile->count - 1;
        memcpy(&x[k], adjacent ? first + k * column.stride : place_in(tile, column, lane), sizeof x[k]);
    }
    LANES(transpose)(x);
    for (ptrdiff_t k = 0; k < WIDTH; k++) {
        memcpy(outs[k] + i, &x[k], sizeof x[k]);
    }
}

static INLINE TARGET void LANES(load_squares)(const Step *step, const Tile *tile)
{
    const Column column = tile->columns[step->operand[0]];
    const ptrdiff_t count = in_eights(tile->count);
    const ptrdiff_t full = tile->selection != NULL || tile->places != NULL ? 0 : tile->count & -WIDTH;
    double *outs[WIDTH];
    for (ptrdiff_t k = 0; k < WIDTH; k++) {
        outs[k] = slot(tile, step[k].out);
    }
    for (ptrdiff_t i = 0; i < full; i += WIDTH) {
        LANES(load_square)(tile, column, outs, i, 1);
    }
    for (ptrdiff_t i = full; i < count; i += WIDTH) {
        LANES(load_square)(tile, column, outs, i, 0);
    }
}
#endif

/* Load columns together: this step's, and those of the steps behind it. */
static TARGET void LANES(load_rows_0)(const Step *step, const Tile *tile)
{
    const ptrdiff_t columns = step->operand[1];
    ptrdiff_t k = 0;
#ifdef SHUFFLES
    for (; are_rows(step, tile) && k + WIDTH <= columns; k += WIDTH) {
        LANES(load_squares)(step + k, tile);
    }
#endif
    for (; k < columns; k++) {
        load(step + k, tile);
    }
}

/* ── the end of sums over lanes ────────────────────────────────────────────────────────────────────────────────── */

/* Add the eight parts of each sum up, in order, and put the sums where the parts of the first ones stood. */
static TARGET void LANES(add_eights_0)(const Step *step, const Tile *tile)
{
    double *const sums = tile->sums;
    uint32_t k = 0;
#ifdef SHUFFLES
    for (; k + WIDTH <= step->operand[0]; k += WIDTH) {
        Vector total = {0};
        for (int part = 0; part < PARTS; part++) {
            Vector x[WIDTH];
            for (int i = 0; i < WIDTH; i++) {
                x[i] = LANES(read)(sums + 8 * (size_t)(k + (uint32_t)i) + part * WIDTH);
            }
            LANES(transpose)(x);
            total = part == 0 ? x[0] : total + x[0];
            for (int i = 1; i < WIDTH; i++) {
                total += x[i];
            }
        }
        memcpy(sums + k, &total, sizeof total);
    }
#endif
    for (; k < step->operand[0]; k++) {
        const double *const parts = sums + 8 * (size_t)k;
        double total = parts[0];
        for (int i = 1; i < 8; i++) {
            total += parts[i];
        }
        sums[k] = total;
    }
}

/* ── guards ────────────────────────────────────────────────────────────────────────────────────────────────────── */

static TARGET void LANES(check_0)(const Step *step, const Tile *tile)
{
    const double *const x = slot(tile, step->operand[0]), guard = (double)step->out;
    const int outcome = tile->outcomes[step->out];
    double *const found = tile->found;
    const ptrdiff_t count = in_eights(tile->count);
    INDEPENDENT for (ptrdiff_t i = 0; i < count; i++)
    {
        const int differs = (x[i] != 0.0) != outcome;
        found[i] = differs & (guard < found[i]) ? guard : found[i];
    }
}

/* ── the table of kernels ──────────────────────────────────────────────────────────────────────────────────────── */

static const Kernel LANES(KERNELS)[TAG_COUNT][VARIANTS] = {
#define ONE(NAME) [TAG_##NAME] = {LANES(NAME##_0)},
#define TWO(NAME) [TAG_##NAME] = {LANES(NAME##_0), LANES(NAME##_1), LANES(NAME##_2)},
#define THREE(NAME) \
    [TAG_##NAME] = {LANES(NAME##_0), LANES(NAME##_1), LANES(NAME##_2), LANES(NAME##_3), \
                    LANES(NAME##_4), LANES(NAME##_5), LANES(NAME##_6)},
#define FAST_ONE(NAME) ONE(fast_##NAME)
#define FAST_TWO(NAME) TWO(fast_##NAME)
#define FAST_THREE(NAME) THREE(fast_##NAME)
    PLAIN_1(ONE) PLAIN_2(TWO) PLAIN_3(THREE) FUSED_2(TWO) FUSED_3(THREE) FAST_1(FAST_ONE) FAST_2(FAST_TWO)
    TAME_1(FAST_ONE) TAME_2(FAST_TWO) TAME_3(FAST_THREE) FOLDS(ONE) [TAG_sum] = {LANES(sum_0), LANES(sum_1)},
    [TAG_sums] = {LANES(sums_0), LANES(sums_1), LANES(sums_2)},
    [TAG_sum_of_2] = {LANES(sum_of_2_0), LANES(sum_of_2_1), LANES(sum_of_2_2), LANES(sum_of_2_3)},
    [TAG_sum_of_3] = {LANES(sum_of_3_0), LANES(sum_of_3_1), LANES(sum_of_3_2), LANES(sum_of_3_3),
                      LANES(sum_of_3_4), LANES(sum_of_3_5), LANES(sum_of_3_6), LANES(sum_of_3_7)},
    [TAG_sum_of_chains] = {LANES(sum_of_chains_0), LANES(sum_of_chains_1), LANES(sum_of_chains_2), LANES(sum_of_chains_3)},
    ONE(add_up_products) ONE(add_up_chains) ONE(add_eights)
    [TAG_spread] = {NULL, LANES(spread_1)}, [TAG_load] = {load}, [TAG_fetch] = {fetch}, ONE(load_rows) [TAG_store] = {store}, ONE(check)
    [TAG_each_lane] = {each_lane}, [TAG_each_lane_python] = {each_lane_python},
#undef ONE
#undef TWO
#undef THREE
#undef FAST_ONE
#undef FAST_TWO
#undef FAST_THREE
};

#undef KERNEL
#undef KERNELS_1
#undef KERNELS_2
#undef KERNELS_3
#undef FAST_KERNELS_1
#undef FAST_KERNELS_2
#undef TAME_KERNEL
#undef TAME_KERNELS_1
#undef TAME_KERNELS_2
#undef TAME_KERNELS_3
#undef FOLD
#undef SHORT_SUM
#undef SUM_OF_CHAINS
#undef f_fast_bell
#undef f_fast_normal
#undef ADDER
#undef ADD_ROWS
#undef ADD_MANY
#undef PARTS
#undef f_after_maximum
#undef f_after_minimum
#undef f_after_prod
#undef Vector
#undef Mask
#undef WIDTH
#undef VECTOR_BYTES
#undef TARGET
#undef LANES
