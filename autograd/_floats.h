/* Values of the primitives: the C twin of floats.py, the same to the bit.

   The standard library's functions are those of libm, so these call libm too. Where `quiet` answers a raised error with
   `nan`, the answer here is a positive NaN, whatever sign libm or the processor gave it. What Python computes with
   algorithms of its own, which differ from version to version, is left to Python. */

#ifndef AUTOGRAD_FLOATS_H
#define AUTOGRAD_FLOATS_H

#include <Python.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__) || (defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0)
#error "results must be those of IEEE 754 doubles: build for SSE2 or the like, without -ffast-math"
#endif
#ifdef _MSC_VER
#pragma fp_contract(off)
#endif

/* "Nothing flows": the partial where a rule returns None. A signalling NaN, which no computation results in; its
   payload spells "nothin". */
#define NOTHING_BITS UINT64_C(0x7FF06E6F7468696E)

static inline double nothing(void)
{
    const uint64_t bits = NOTHING_BITS;
    double marker;
    memcpy(&marker, &bits, sizeof marker);
    return marker;
}

static inline int is_nothing(double partial)
{
    uint64_t bits;
    memcpy(&bits, &partial, sizeof bits);
    return bits == NOTHING_BITS;
}

static const double SQRT_HALF = 0.7071067811865476, SQRT_HALF_REST = -4.833646656726457e-17;
static const double ERF_SLOPE = 1.1283791670955126, NORMAL_PEAK = 0.3989422804014327;

/* ── calls to Python ───────────────────────────────────────────────────────────────────────────────────────────── */

static PyObject *EVALUATE[BUILT_IN_COUNT];
enum { FEW = 8 };

/* Return the value as `evaluate`, a row's own, computes it; NaN with an exception set if that fails, or has failed. */
static double call_evaluate(PyObject *evaluate, const double *x, Py_ssize_t n)
{
    PyObject *few[FEW], **operands = few, *result = NULL;
    Py_ssize_t made = 0;
    double value = NAN;
    if (PyErr_Occurred()) {
        return NAN;
    }
    if (n > FEW && (operands = PyMem_New(PyObject *, n)) == NULL) {
        PyErr_NoMemory();
        return NAN;
    }
    while (made < n && (operands[made] = PyFloat_FromDouble(x[made])) != NULL) {
        made++;
    }
    if (made == n && (result = PyObject_Vectorcall(evaluate, operands, (size_t)n, NULL)) != NULL) {
        value = PyFloat_AsDouble(result);
        Py_DECREF(result);
        value = PyErr_Occurred() ? NAN : value;
    }
    while (made > 0) {
        Py_DECREF(operands[--made]);
    }
    if (operands != few) {
        PyMem_Free(operands);
    }
    return value;
}

static double call_python(int tag, const double *x, Py_ssize_t n) { return call_evaluate(EVALUATE[tag], x, n); }

/* ── where the standard library raises a domain error ──────────────────────────────────────────────────────────── */

static inline double quiet(double result, double x)
{
    return result != result && x == x ? NAN : result;
}

static inline double quiet_2(double result, double x, double y)
{
    return result != result && x == x && y == y ? NAN : result;
}

/* ── arithmetic ────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline double f_identity(double x) { return x; }
static inline double f_add(double x, double y) { return x + y; }
static inline double f_subtract(double x, double y) { return x - y; }
static inline double f_multiply(double x, double y) { return x * y; }

static inline double f_divide(double x, double y)
{
    const double quotient = x / y;
    if (quotient == quotient) { /* the one question on the usual way */
        return quotient;
    }
    return x == 0.0 && y == 0.0 ? NAN : quotient;
}

static inline double f_power(double x, double y) { return quiet_2(pow(x, y), x, y); }
static inline double f_negate(double x) { return -x; }
static inline double f_absolute(double x) { return fabs(x); }
static inline double f_chain(double adjoint, double partial) { return adjoint != 0.0 ? adjoint * partial : 0.0; }

/* An infinite x raises no error here: its NaN keeps the sign that fmod gave it. */
static inline double f_mod(double x, double y)
{
    if (y == 0.0) {
        return NAN;
    }
    const double rest = fmod(x, y);
    if (rest == 0.0) {
        return copysign(0.0, y);
    }
    return (y < 0.0) != (rest < 0.0) ? rest + y : rest;
}

/* The quotient without its rest, rounded to an integer: x - rest is rounded, so the quotient may miss it narrowly. */
static inline double f_floor_divide(double x, double y)
{
    if (y == 0.0) {
        return f_divide(x, y);
    }
    const double rest = fmod(x, y);
    double quotient = (x - rest) / y;
    if (rest != 0.0 && (y < 0.0) != (rest < 0.0)) {
        quotient -= 1.0;
    }
    if (quotient == 0.0) {
        return copysign(0.0, x / y);
    }
    const double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

static inline double f_fmod(double x, double y) { return quiet_2(fmod(x, y), x, y); }

/* Not libm's remainder: glibc's may lose the sign of a zero where y is subnormal. All steps are exact. */
static inline double f_remainder(double x, double y)
{
    const double below = fmod(fabs(x), fabs(y)), above = fabs(y) - below;
    double rest = below < above ? below : -above;
    if (!(below < above || below > above)) { /* half way (or undefined): to the even multiple */
        rest = below - 2.0 * fmod(0.5 * (fabs(x) - below), fabs(y));
    }
    return quiet_2(copysign(1.0, x) * rest, x, y);
}

static inline double f_ldexp(double x, double n)
{
    if (!isfinite(n) || n != trunc(n)) {
        return NAN;
    }
    if (x == 0.0 || !isfinite(x)) {
        return x;
    }
    if (fabs(n) > 10000.0) { /* beyond all exponents, and perhaps beyond int */
        return copysign(n > 0.0 ? INFINITY : 0.0, x);
    }
    return ldexp(x, (int)n);
}

/* ── conditions: 1.0 or 0.0 ────────────────────────────────────────────────────────────────────────────────────── */

static inline double f_less(double x, double y) { return x < y; }
static inline double f_less_equal(double x, double y) { return x <= y; }
static inline double f_greater(double x, double y) { return x > y; }
static inline double f_greater_equal(double x, double y) { return x >= y; }
static inline double f_equal(double x, double y) { return x == y; }
static inline double f_not_equal(double x, double y) { return x != y; }
static inline double f_logical_and(double x, double y) { return x != 0.0 && y != 0.0; }
static inline double f_logical_or(double x, double y) { return x != 0.0 || y != 0.0; }
static inline double f_logical_not(double x) { return x == 0.0; }

/* ── exponentials, logarithms, roots, angles ───────────────────────────────────────────────────────────────────── */

static inline double f_exp(double x) { return exp(x); }
static inline double f_exp2(double x) { return exp2(x); }
static inline double f_expm1(double x) { return expm1(x); }
static inline double f_log(double x) { return quiet(log(x), x); }
static inline double f_log2(double x) { return quiet(log2(x), x); }
static inline double f_log10(double x) { return quiet(log10(x), x); }
static inline double f_log1p(double x) { return quiet(log1p(x), x); }
static inline double f_sqrt(double x) { return quiet(sqrt(x), x); }
static inline double f_cbrt(double x) { return cbrt(x); }

static inline double f_sin(double x) { return quiet(sin(x), x); }
static inline double f_cos(double x) { return quiet(cos(x), x); }
static inline double f_tan(double x) { return quiet(tan(x), x); }
static inline double f_asin(double x) { return quiet(asin(x), x); }
static inline double f_acos(double x) { return quiet(acos(x), x); }
static inline double f_atan(double x) { return atan(x); }
static inline double f_atan2(double y, double x) { return atan2(y, x); }

static inline double f_sinh(double x) { return sinh(x); }
static inline double f_cosh(double x) { return cosh(x); }
static inline double f_tanh(double x) { return tanh(x); }
static inline double f_asinh(double x) { return asinh(x); }
static inline double f_acosh(double x) { return quiet(acosh(x), x); }
static inline double f_atanh(double x) { return quiet(atanh(x), x); }

/* ── special functions ─────────────────────────────────────────────────────────────────────────────────────────── */

static inline double f_erf(double x) { return erf(x); }
static inline double f_erfc(double x) { return erfc(x); }

/* ── slopes, and what else rules are made of ───────────────────────────────────────────────────────────────────── */

static inline double two_difference(double x, double y, double *rest)
{
    const double difference = x - y, back = difference - x;
    *rest = (x - (difference - back)) - (y + back);
    return difference;
}

static inline double two_product(double x, double y, double *rest)
{
    const double big_x = 134217729.0 * x, big_y = 134217729.0 * y;
    const double x_high = big_x - (big_x - x), y_high = big_y - (big_y - y);
    const double x_low = x - x_high, y_low = y - y_high, product = x * y;
    *rest = ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low;
    return product;
}

static inline double f_ratio(double x, double y, double n)
{
    if (!(0.0 <= n && n <= 1000.0) || n != floor(n)) {
        return NAN;
    }
    const double first = f_divide(x, y);
    double result = n == 0.0 ? x : first;
    for (int k = 1; k < (int)n; k++) {
        result = f_divide(result, y);
    }
    const double small = fmin(fabs(first), fabs(result)), large = fmax(fabs(first), fabs(result));
    if (n < 2.0 || (small >= DBL_MIN && large <= DBL_MAX) || x == 0.0 || y == 0.0 || !isfinite(x) || !isfinite(y)) {
        return result;
    }
    int exponent, shift;
    result = frexp(x, &exponent);
    const double fraction = frexp(y, &shift);
    for (int k = 0; k < (int)n; k++) {
        result /= fraction;
    }
    return ldexp(result, exponent - (int)n * shift);
}

static inline double f_monomial(double c, double x, double y, double k)
{
    if (c == 0.0) {
        return 0.0;
    }
    double rest, root;
    const double exponent = two_difference(y, k, &rest);
    double value = exponent == exponent ? f_power(x, exponent) : exponent;
    const double size = fabs(value);
    if (value != value) {
        return value;
    }
    if (DBL_MIN <= size && size <= DBL_MAX) {
        root = copysign(1.0, value);
        value = size;
    } else {
        root = copysign(f_power(fabs(x), 0.5 * exponent), value);
        value = fabs(root);
    }
    if (rest != 0.0 && fabs(exponent) >= 9007199254740992.0 && fabs(fmod(k, 2.0)) == 1.0) { /* y is even, y - k odd */
        root = copysign(root, x);
    }
    if (rest != 0.0 && x > 0.0 && 0.0 < value && value <= DBL_MAX && isfinite(exponent)) {
        root *= 1.0 + rest * log(x);
    }
    return value != 0.0 || c != c ? c * root * value : copysign(1.0, c) * root;
}

static inline double f_exp_of_difference(double x, double y)
{
    if (x == y) {
        return 1.0;
    }
    double rest;
    const double difference = two_difference(x, y, &rest), value = exp(difference);
    return 0.0 < value && value <= DBL_MAX ? value + value * rest : value;
}

static inline double f_atan_slope(double x) { return fabs(x) < 1e8 ? 1.0 / (1.0 + x * x) : 1.0 / x / x; }
static inline double f_asin_slope(double x) { return f_divide(1.0, f_sqrt((1.0 - x) * (1.0 + x))); }
static inline double f_atanh_slope(double x) { return fabs(x) <= 1.0 ? f_divide(1.0, (1.0 - x) * (1.0 + x)) : NAN; }

static inline double f_cbrt_slope(double x)
{
    if (x == 0.0 || !isfinite(x)) {
        return f_divide(1.0, fabs(x));
    }
    int exponent;
    double square_rest, cube_rest;
    const double root = frexp(cbrt(x), &exponent);
    const double square = two_product(root, root, &square_rest), cube = two_product(square, root, &cube_rest);
    const double error = ((ldexp(x, -3 * exponent) - cube) - cube_rest) - square_rest * root;
    return ldexp((1.0 - 2.0 * error / (3.0 * cube)) / (3.0 * square), -2 * exponent);
}

static inline double f_inverse_part(double x, double y)
{
    if (isinf(x)) {
        return y == y ? copysign(0.0, x) : NAN;
    }
    if (fabs(x) >= fabs(y)) {
        const double t = f_divide(y, x);
        return f_divide(0.5, x) / (0.5 + 0.5 * t * t);
    }
    const double t = f_divide(x, y);
    return f_ratio(x, y, 2.0) / (1.0 + t * t);
}

static inline double f_bell(double n, double a, double x)
{
    if (!(0.0 <= n && n <= 1000.0) || n != floor(n) || x != x) {
        return NAN;
    }
    if (fabs(x) >= 1000.0) {
        return 0.0;
    }
    double before = 0.0, polynomial = 1.0, rest;
    for (int k = 0; k < (int)n; k++) {
        const double next = -2.0 * a * (x * polynomial + k * before);
        before = polynomial;
        polynomial = next;
    }
    const double square = two_product(x, x, &rest), value = exp(-a * square);
    if (value > 1e-290) {
        return polynomial * (value - value * (a * rest));
    }
    const double half = exp(-0.5 * a * square);
    return polynomial * half * (half - half * (a * rest));
}

static inline double f_bump(double c, double x)
{
    const double e = exp(-fabs(x));
    if (e <= 1e-290) {
        const double half = exp(-0.5 * fabs(x));
        return half != 0.0 || c != c ? c * half * half : 0.0;
    }
    const double total = 1.0 + e, slope = e / (total * total);
    return c * (slope - slope * (2.0 * (e - (total - 1.0)) / total));
}

static inline double f_normal(double x)
{
    if (!(fabs(x) < 40.0)) {
        return x < 0.0 ? 0.0 : x > 0.0 ? 1.0 : x;
    }
    double rest;
    const double t = two_product(-x, SQRT_HALF, &rest);
    return 0.5 * erfc(t) - 0.5 * ERF_SLOPE * (rest - x * SQRT_HALF_REST) * exp(-t * t);
}

/* ── steps and selections ──────────────────────────────────────────────────────────────────────────────────────── */

static inline double f_floor(double x) { return floor(x); }
static inline double f_ceil(double x) { return ceil(x); }
static inline double f_trunc(double x) { return trunc(x); }

/* To an integer, half to even; rounding to decimal digits is left to Python. */
static inline double f_round_to(double x, double digits)
{
    if (digits == 0.0) {
        return nearbyint(x);
    }
    const double operands[] = {x, digits};
    return call_python(TAG_round_to, operands, 2);
}

static inline double f_sign(double x) { return x > 0.0 || x < 0.0 ? copysign(1.0, x) : x; }
static inline double f_copysign(double x, double y) { return copysign(x, y); }
static inline double f_where(double condition, double x, double y) { return condition != 0.0 ? x : y; }

static inline double f_maximum(const double *x, Py_ssize_t n)
{
    double best = x[0];
    for (Py_ssize_t i = 1; i < n; i++) {
        if (x[i] > best || x[i] != x[i]) {
            best = x[i];
        }
    }
    return best;
}

static inline double f_minimum(const double *x, Py_ssize_t n)
{
    double best = x[0];
    for (Py_ssize_t i = 1; i < n; i++) {
        if (x[i] < best || x[i] != x[i]) {
            best = x[i];
        }
    }
    return best;
}

static inline double f_clip(double x, double low, double high)
{
    const double raised = low > x || low != low ? low : x;
    return high < raised || high != high ? high : raised;
}

static inline double f_relu(double x) { return x <= 0.0 ? 0.0 : x; }

/* The one that was selected, the first of equal ones, has the partial 1; a NaN may have come from any operand. */
static inline void partials_of_selection(double z, const double *x, Py_ssize_t n, double *partial)
{
    int found = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        const int selected = !found && x[i] == z;
        partial[i] = selected ? 1.0 : z == z ? nothing() : NAN;
        found |= selected;
    }
}

static inline void partials_maximum(double z, const double *x, Py_ssize_t n, double *partial)
{
    partials_of_selection(z, x, n, partial);
}

static inline void partials_minimum(double z, const double *x, Py_ssize_t n, double *partial)
{
    partials_of_selection(z, x, n, partial);
}

/* ── activations ───────────────────────────────────────────────────────────────────────────────────────────────── */

static inline double f_sigmoid(double x)
{
    const double e = exp(-fabs(x));
    return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}

static inline double f_softplus(double x) { return f_relu(x) + log1p(exp(-fabs(x))); }

static inline double f_silu(double x)
{
    if (x > -700.0 || x != x) {
        return x * f_sigmoid(x);
    }
    const double half = exp(0.5 * x);
    return x != -INFINITY ? x * half * half : -0.0;
}

static inline double f_gelu(double x)
{
    static const double MILLS[] = {-135135.0, 10395.0, -945.0, 105.0, -15.0, 3.0, -1.0};
    if (x > -37.0 || x != x) {
        return x * f_normal(x);
    }
    if (x < -40.0) {
        return -0.0;
    }
    const double inverse = 1.0 / (x * x);
    double series = 0.0;
    for (int k = 0; k < 7; k++) {
        series = (series + MILLS[k]) * inverse;
    }
    double rest;
    const double square = two_product(x, x, &rest), half = exp(-0.25 * square);
    return -NORMAL_PEAK * half * (half + half * (series - 0.5 * rest));
}

/* ── many operands ─────────────────────────────────────────────────────────────────────────────────────────────── */

/* Partial sums that do not overlap have each a bit of their own, and a double's bits have this many places. */
enum { MOST_PARTIAL_SUMS = DBL_MAX_EXP - DBL_MIN_EXP + DBL_MANT_DIG };

/* Return the correctly rounded sum of scale · x: the sum is held exactly in partial sums (Shewchuk 1997), as in
   Python's `fsum`. `overflow` tells whether a sum of finite numbers was infinite on the way. */
static inline double exact_sum(const double *x, Py_ssize_t n, double scale, int *overflow)
{
    double sums[MOST_PARTIAL_SUMS + 1], special = 0.0, infinite = 0.0, rest = 0.0;
    Py_ssize_t count = 0;
    for (Py_ssize_t k = 0; k < n; k++) {
        const double term = scale * x[k];
        double high = term;
        Py_ssize_t kept = 0;
        for (Py_ssize_t i = 0; i < count; i++) {
            const double a = fabs(high) < fabs(sums[i]) ? sums[i] : high;
            const double b = fabs(high) < fabs(sums[i]) ? high : sums[i];
            high = a + b;
            rest = b - (high - a);
            if (rest != 0.0) {
                sums[kept++] = rest;
            }
        }
        count = kept;
        if (isfinite(high)) {
            sums[count] = high;
            count += high != 0.0;
        } else if (isfinite(term)) {
            *overflow = 1;
            return high;
        } else {
            infinite += isinf(term) ? term : 0.0;
            special += term;
            count = 0;
        }
    }
    if (special != 0.0) {
        return infinite != infinite ? NAN : special;
    }
    if (count == 0) {
        return 0.0;
    }
    double sum = sums[--count];
    for (rest = 0.0; count > 0 && rest == 0.0;) {
        const double a = sum, b = sums[--count];
        sum = a + b;
        rest = b - (sum - a);
    }
    if (count > 0 && (rest < 0.0) == (sums[count - 1] < 0.0)) { /* a tie, were it not for the sums below */
        const double twice = rest * 2.0, next = sum + twice;
        sum = next - sum == twice ? next : sum;
    }
    return sum;
}

static inline double f_fsum(const double *x, Py_ssize_t n)
{
    const double scale = 18446744073709551616.0; /* 2 ** 64 */
    int overflow = 0;
    const double sum = exact_sum(x, n, 1.0, &overflow);
    return overflow ? exact_sum(x, n, 1.0 / scale, &overflow) * scale : sum;
}

static inline double f_dot(const double *x, Py_ssize_t n)
{
    const double *y = x + n / 2;
    double sum = 0.0;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

static inline void partials_dot(double z, const double *x, Py_ssize_t n, double *partial)
{
    (void)z;
    memcpy(partial, x + n / 2, (size_t)(n / 2) * sizeof *x);
    memcpy(partial + n / 2, x, (size_t)(n / 2) * sizeof *x);
}

static inline double f_prod(const double *x, Py_ssize_t n)
{
    double product = 1.0;
    for (Py_ssize_t i = 0; i < n; i++) {
        product *= x[i];
    }
    return product;
}

/* The product of the others: of those after it, then of those before it with these. */
static inline void partials_prod(double z, const double *x, Py_ssize_t n, double *partial)
{
    (void)z;
    if (n == 1) {
        partial[0] = 1.0;
    }
    if (n < 2) {
        return;
    }
    double after = x[n - 1], before = x[0];
    for (Py_ssize_t i = n - 2; i > 0; i--) {
        partial[i] = after;
        after *= x[i];
    }
    partial[0] = after;
    for (Py_ssize_t i = 1; i < n - 1; i++) {
        partial[i] = before * partial[i];
        before *= x[i];
    }
    partial[n - 1] = before;
}

static inline double f_logsumexp(const double *x, Py_ssize_t n)
{
    double largest = -INFINITY, others = 0.0;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (x[i] > largest || x[i] != x[i]) {
            largest = x[i];
            at = i;
        }
    }
    if (isinf(largest)) {
        return largest;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i != at) {
            others += exp(x[i] - largest);
        }
    }
    return largest + log1p(others);
}

static inline void partials_logsumexp(double z, const double *x, Py_ssize_t n, double *partial)
{
    const double top = n > 0 ? f_maximum(x, n) : 0.0;
    double total = 0.0;
    (void)z;
    for (Py_ssize_t i = 0; i < n; i++) {
        partial[i] = f_exp_of_difference(x[i], top);
        total += partial[i];
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        partial[i] = x[i] == -INFINITY && total == total ? 0.0 : f_divide(partial[i], total);
    }
}

/* x / z; where the norm z is huge or tiny, that of scaled operands, which Python computes. If it is infinite, the direction
   is that of the infinite operands. */
static inline void partials_hypot(double z, const double *x, Py_ssize_t n, double *partial)
{
    const double tiny = ldexp(1.0, -900);
    const double scale = z < tiny ? 1.0 / tiny : z > 1.0 / tiny ? tiny : 1.0;
    for (Py_ssize_t i = 0; i < n; i++) {
        partial[i] = x[i] * scale;
    }
    double norm = scale == 1.0 ? z : call_python(TAG_hypot, partial, n);
    if (norm == INFINITY) {
        for (Py_ssize_t i = 0; i < n; i++) {
            partial[i] = isinf(x[i]) ? copysign(1.0, x[i]) : 0.0 * x[i];
        }
        norm = call_python(TAG_hypot, partial, n);
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        partial[i] = z == 0.0 ? nothing() : f_divide(partial[i], norm);
    }
}

#endif
