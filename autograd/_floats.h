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
static inline double f_silu(double x) { return x != -INFINITY ? x * f_sigmoid(x) : -0.0; }
static inline double f_gelu(double x) { return x != -INFINITY ? 0.5 * x * erfc(-x * sqrt(0.5)) : -0.0; }

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

#endif
