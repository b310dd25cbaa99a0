/* The table of primitives in C, printed by `python -m autograd.kernels`: do not edit.

   A kernel returns the value of a row on its operands, and stores the partials: of fixed operands those whose bits are
   set in `active`, of many operands all, unless `partial` is NULL. `nothing()` says that nothing flows. */

#ifndef AUTOGRAD_KERNELS_H
#define AUTOGRAD_KERNELS_H

#define TABLE_CHECKSUM 0x4123BD54u
#define MOST_FIXED 4 /* operands of a row that does not take any number of them */

enum {
    TAG_identity, TAG_add, TAG_subtract, TAG_multiply, TAG_divide, TAG_power, TAG_negate, TAG_absolute, TAG_chain,
    TAG_mod, TAG_floor_divide, TAG_fmod, TAG_remainder, TAG_ldexp, TAG_exp, TAG_exp2, TAG_expm1, TAG_log, TAG_log2,
    TAG_log10, TAG_log1p, TAG_sqrt, TAG_cbrt, TAG_sin, TAG_cos, TAG_tan, TAG_asin, TAG_acos, TAG_atan, TAG_atan2,
    TAG_sinh, TAG_cosh, TAG_tanh, TAG_asinh, TAG_acosh, TAG_atanh, TAG_erf, TAG_erfc, TAG_gamma, TAG_lgamma,
    TAG_digamma, TAG_polygamma, TAG_ratio, TAG_monomial, TAG_exp_of_difference, TAG_atan_slope, TAG_asin_slope,
    TAG_atanh_slope, TAG_gamma_slope, TAG_cbrt_slope, TAG_inverse_part, TAG_bell, TAG_bump, TAG_normal, TAG_floor,
    TAG_ceil, TAG_trunc, TAG_round_to, TAG_sign, TAG_copysign, TAG_where, TAG_clip, TAG_relu, TAG_maximum, TAG_minimum,
    TAG_less, TAG_less_equal, TAG_greater, TAG_greater_equal, TAG_equal, TAG_not_equal, TAG_logical_and, TAG_logical_or,
    TAG_logical_not, TAG_sigmoid, TAG_softplus, TAG_silu, TAG_gelu, TAG_fsum, TAG_dot, TAG_prod, TAG_logsumexp,
    TAG_hypot, BUILT_IN_COUNT
};

#include "_floats.h"

static double f_gamma(double x)
{
    const double operands[] = {x};
    return call_python(TAG_gamma, operands, 1);
}

static double f_lgamma(double x)
{
    const double operands[] = {x};
    return call_python(TAG_lgamma, operands, 1);
}

static double f_digamma(double x)
{
    const double operands[] = {x};
    return call_python(TAG_digamma, operands, 1);
}

static double f_polygamma(double n, double x)
{
    const double operands[] = {n, x};
    return call_python(TAG_polygamma, operands, 2);
}

static double f_gamma_slope(double x)
{
    const double operands[] = {x};
    return call_python(TAG_gamma_slope, operands, 1);
}

static double f_hypot(const double *x, Py_ssize_t n)
{
    return call_python(TAG_hypot, x, n);
}

static inline double kernel_identity(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_identity(x);
    if (active & 1u) {
        partial[0] = 1.0;
    }
    return z;
}

static inline double kernel_add(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_add(x, y);
    if (active & 1u) {
        partial[0] = 1.0;
    }
    if (active & 2u) {
        partial[1] = 1.0;
    }
    return z;
}

static inline double kernel_subtract(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_subtract(x, y);
    if (active & 1u) {
        partial[0] = 1.0;
    }
    if (active & 2u) {
        partial[1] = -1.0;
    }
    return z;
}

static inline double kernel_multiply(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_multiply(x, y);
    if (active & 1u) {
        partial[0] = y;
    }
    if (active & 2u) {
        partial[1] = x;
    }
    return z;
}

static inline double kernel_divide(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_divide(x, y);
    if (active & 1u) {
        partial[0] = f_divide(1.0, y);
    }
    if (active & 2u) {
        partial[1] = -f_ratio(x, y, 2.0);
    }
    return z;
}

static inline double kernel_power(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_power(x, y);
    if (active & 1u) {
        partial[0] = z == z ? f_monomial(y, x, y, 1.0) : z;
    }
    if (active & 2u) {
        partial[1] = (x == 0.0 && y >= 0.0) || (x == INFINITY && y < 0.0) ? 0.0 : f_monomial(1.0 * f_log(x), x, y, 0.0);
    }
    return z;
}

static inline double kernel_negate(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_negate(x);
    if (active & 1u) {
        partial[0] = -1.0;
    }
    return z;
}

static inline double kernel_absolute(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_absolute(x);
    if (active & 1u) {
        partial[0] = x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_chain(const double *operand, unsigned active, double *partial)
{
    const double a = operand[0], p = operand[1];
    const double z = f_chain(a, p);
    if (active & 1u) {
        partial[0] = p;
    }
    if (active & 2u) {
        partial[1] = a;
    }
    return z;
}

static inline double kernel_mod(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_mod(x, y);
    if (active & 1u) {
        partial[0] = 1.0;
    }
    if (active & 2u) {
        partial[1] = z == z ? -f_floor_divide(x, y) : z;
    }
    return z;
}

static inline double kernel_floor_divide(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_floor_divide(x, y);
    if (active & 1u) {
        partial[0] = z == z ? nothing() : z;
    }
    if (active & 2u) {
        partial[1] = z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_fmod(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_fmod(x, y);
    if (active & 1u) {
        partial[0] = 1.0;
    }
    if (active & 2u) {
        partial[1] = -f_round_to(f_divide(x, y) - f_divide(z, y), 0.0);
    }
    return z;
}

static inline double kernel_remainder(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_remainder(x, y);
    if (active & 1u) {
        partial[0] = 1.0;
    }
    if (active & 2u) {
        partial[1] = -f_round_to(f_divide(x, y) - f_divide(z, y), 0.0);
    }
    return z;
}

static inline double kernel_ldexp(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], n = operand[1];
    const double z = f_ldexp(x, n);
    if (active & 1u) {
        partial[0] = f_ldexp(1.0, n);
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_exp(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_exp(x);
    if (active & 1u) {
        partial[0] = z;
    }
    return z;
}

static inline double kernel_exp2(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_exp2(x);
    if (active & 1u) {
        partial[0] = 0.6931471805599453 * z;
    }
    return z;
}

static inline double kernel_expm1(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_expm1(x);
    if (active & 1u) {
        partial[0] = f_exp(x);
    }
    return z;
}

static inline double kernel_log(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_log(x);
    if (active & 1u) {
        partial[0] = z == z ? f_divide(1.0, x + 0.0) : z;
    }
    return z;
}

static inline double kernel_log2(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_log2(x);
    if (active & 1u) {
        partial[0] = z == z ? f_divide(1.4426950408889634, x + 0.0) : z;
    }
    return z;
}

static inline double kernel_log10(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_log10(x);
    if (active & 1u) {
        partial[0] = z == z ? f_divide(0.4342944819032518, x + 0.0) : z;
    }
    return z;
}

static inline double kernel_log1p(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_log1p(x);
    if (active & 1u) {
        partial[0] = z == z ? f_divide(1.0, 1.0 + x) : z;
    }
    return z;
}

static inline double kernel_sqrt(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_sqrt(x);
    if (active & 1u) {
        partial[0] = f_divide(0.5, z + 0.0);
    }
    return z;
}

static inline double kernel_cbrt(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_cbrt(x);
    if (active & 1u) {
        partial[0] = f_cbrt_slope(x);
    }
    return z;
}

static inline double kernel_sin(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_sin(x);
    if (active & 1u) {
        partial[0] = f_cos(x);
    }
    return z;
}

static inline double kernel_cos(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_cos(x);
    if (active & 1u) {
        partial[0] = -f_sin(x);
    }
    return z;
}

static inline double kernel_tan(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_tan(x);
    if (active & 1u) {
        partial[0] = 1.0 + z * z;
    }
    return z;
}

static inline double kernel_asin(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_asin(x);
    if (active & 1u) {
        partial[0] = f_asin_slope(x);
    }
    return z;
}

static inline double kernel_acos(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_acos(x);
    if (active & 1u) {
        partial[0] = -f_asin_slope(x);
    }
    return z;
}

static inline double kernel_atan(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_atan(x);
    if (active & 1u) {
        partial[0] = f_atan_slope(x);
    }
    return z;
}

static inline double kernel_atan2(const double *operand, unsigned active, double *partial)
{
    const double y = operand[0], x = operand[1];
    const double z = f_atan2(y, x);
    if (active & 1u) {
        partial[0] = f_inverse_part(x, y);
    }
    if (active & 2u) {
        partial[1] = -f_inverse_part(y, x);
    }
    return z;
}

static inline double kernel_sinh(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_sinh(x);
    if (active & 1u) {
        partial[0] = f_cosh(x);
    }
    return z;
}

static inline double kernel_cosh(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_cosh(x);
    if (active & 1u) {
        partial[0] = f_sinh(x);
    }
    return z;
}

static inline double kernel_tanh(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_tanh(x);
    if (active & 1u) {
        partial[0] = f_bump(4.0, 2.0 * x);
    }
    return z;
}

static inline double kernel_asinh(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_asinh(x);
    if (active & 1u) {
        partial[0] = f_divide(1.0, f_hypot((const double[]){1.0, x}, 2));
    }
    return z;
}

static inline double kernel_acosh(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_acosh(x);
    if (active & 1u) {
        partial[0] = f_divide(f_divide(1.0, f_sqrt(x + 1.0)), f_sqrt(x - 1.0));
    }
    return z;
}

static inline double kernel_atanh(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_atanh(x);
    if (active & 1u) {
        partial[0] = f_atanh_slope(x);
    }
    return z;
}

static inline double kernel_erf(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_erf(x);
    if (active & 1u) {
        partial[0] = 1.1283791670955126 * f_bell(0.0, 1.0, x);
    }
    return z;
}

static inline double kernel_erfc(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_erfc(x);
    if (active & 1u) {
        partial[0] = -1.1283791670955126 * f_bell(0.0, 1.0, x);
    }
    return z;
}

static inline double kernel_gamma(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_gamma(x);
    if (active & 1u) {
        partial[0] = f_gamma_slope(x);
    }
    return z;
}

static inline double kernel_lgamma(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_lgamma(x);
    if (active & 1u) {
        partial[0] = f_digamma(x);
    }
    return z;
}

static inline double kernel_digamma(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_digamma(x);
    if (active & 1u) {
        partial[0] = f_polygamma(1.0, x);
    }
    return z;
}

static inline double kernel_polygamma(const double *operand, unsigned active, double *partial)
{
    const double n = operand[0], x = operand[1];
    const double z = f_polygamma(n, x);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = z == z ? f_polygamma(n + 1.0, x) : z;
    }
    return z;
}

static inline double kernel_ratio(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1], n = operand[2];
    const double z = f_ratio(x, y, n);
    if (active & 1u) {
        partial[0] = f_ratio(1.0, y, n);
    }
    if (active & 2u) {
        partial[1] = -f_chain(n, f_ratio(x, y, n + 1.0));
    }
    if (active & 4u) {
        partial[2] = nothing();
    }
    return z;
}

static inline double kernel_monomial(const double *operand, unsigned active, double *partial)
{
    const double c = operand[0], x = operand[1], y = operand[2], k = operand[3];
    const double z = f_monomial(c, x, y, k);
    if (active & 1u) {
        partial[0] = f_monomial(1.0, x, y, k);
    }
    if (active & 2u) {
        partial[1] = f_monomial(c * (y - k), x, y, k + 1.0);
    }
    if (active & 4u) {
        partial[2] = (x == 0.0 && y >= k) || (x == INFINITY && y < k) ? 0.0 : f_monomial(c * f_log(x), x, y, k);
    }
    if (active & 8u) {
        partial[3] = nothing();
    }
    return z;
}

static inline double kernel_exp_of_difference(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_exp_of_difference(x, y);
    if (active & 1u) {
        partial[0] = z;
    }
    if (active & 2u) {
        partial[1] = -z;
    }
    return z;
}

static inline double kernel_atan_slope(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_atan_slope(x);
    if (active & 1u) {
        partial[0] = -2.0 * f_chain(z, x) * z;
    }
    return z;
}

static inline double kernel_asin_slope(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_asin_slope(x);
    if (active & 1u) {
        partial[0] = x * z * z * z;
    }
    return z;
}

static inline double kernel_atanh_slope(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_atanh_slope(x);
    if (active & 1u) {
        partial[0] = 2.0 * x * z * z;
    }
    return z;
}

static inline double kernel_gamma_slope(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_gamma_slope(x);
    if (active & 1u) {
        partial[0] = z == INFINITY ? z : z * f_digamma(x) + f_gamma(x) * f_polygamma(1.0, x);
    }
    return z;
}

static inline double kernel_cbrt_slope(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_cbrt_slope(x);
    if (active & 1u) {
        partial[0] = -f_divide(2.0 * z, 3.0 * x);
    }
    return z;
}

static inline double kernel_inverse_part(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_inverse_part(x, y);
    if (!active) {
        return z;
    }
    const double shared_0 = f_inverse_part(y, x);
    if (active & 1u) {
        partial[0] = shared_0 != shared_0 || z != z || shared_0 * shared_0 - z * z == shared_0 * shared_0 - z * z ? shared_0 * shared_0 - z * z : f_chain(f_absolute(y) - f_absolute(x), INFINITY);
    }
    if (active & 2u) {
        partial[1] = y == 0.0 ? f_chain(shared_0, -2.0 * z) : f_chain(-2.0 * z, shared_0);
    }
    return z;
}

static inline double kernel_bell(const double *operand, unsigned active, double *partial)
{
    const double n = operand[0], a = operand[1], x = operand[2];
    const double z = f_bell(n, a, x);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    if (active & 4u) {
        partial[2] = f_bell(n + 1.0, a, x);
    }
    return z;
}

static inline double kernel_bump(const double *operand, unsigned active, double *partial)
{
    const double c = operand[0], x = operand[1];
    const double z = f_bump(c, x);
    if (active & 1u) {
        partial[0] = f_bump(1.0, x);
    }
    if (active & 2u) {
        partial[1] = f_bump(x < 2.2250738585072014e-308 && x > -2.2250738585072014e-308 ? 0.5 * -c * x : -c * f_tanh(0.5 * x), x);
    }
    return z;
}

static inline double kernel_normal(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_normal(x);
    if (active & 1u) {
        partial[0] = 0.3989422804014327 * f_bell(0.0, 0.5, x);
    }
    return z;
}

static inline double kernel_floor(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_floor(x);
    if (active & 1u) {
        partial[0] = z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_ceil(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_ceil(x);
    if (active & 1u) {
        partial[0] = z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_trunc(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_trunc(x);
    if (active & 1u) {
        partial[0] = z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_round_to(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], digits = operand[1];
    const double z = f_round_to(x, digits);
    if (active & 1u) {
        partial[0] = z == z ? nothing() : z;
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_sign(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_sign(x);
    if (active & 1u) {
        partial[0] = z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_copysign(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_copysign(x, y);
    if (!active) {
        return z;
    }
    const double shared_0 = f_copysign(1.0, y);
    if (active & 1u) {
        partial[0] = x > 0.0 ? shared_0 : x < 0.0 ? -shared_0 : z == z ? nothing() : z;
    }
    if (active & 2u) {
        partial[1] = z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_where(const double *operand, unsigned active, double *partial)
{
    const double c = operand[0], x = operand[1], y = operand[2];
    const double z = f_where(c, x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = c != 0.0 ? 1.0 : nothing();
    }
    if (active & 4u) {
        partial[2] = c != 0.0 ? nothing() : 1.0;
    }
    return z;
}

static inline double kernel_clip(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], low = operand[1], high = operand[2];
    const double z = f_clip(x, low, high);
    if (active & 1u) {
        partial[0] = x >= low && x <= high ? 1.0 : z == z ? nothing() : z;
    }
    if (active & 2u) {
        partial[1] = x < low && low <= high ? 1.0 : z == z ? nothing() : z;
    }
    if (active & 4u) {
        partial[2] = (x > high || low > high) && z == z ? 1.0 : z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_relu(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_relu(x);
    if (active & 1u) {
        partial[0] = x > 0.0 ? 1.0 : z == z ? nothing() : z;
    }
    return z;
}

static inline double kernel_maximum(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_maximum(x, n);
    if (partial != NULL) {
        partials_maximum(z, x, n, partial);
    }
    return z;
}

static inline double kernel_minimum(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_minimum(x, n);
    if (partial != NULL) {
        partials_minimum(z, x, n, partial);
    }
    return z;
}

static inline double kernel_less(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_less(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_less_equal(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_less_equal(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_greater(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_greater(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_greater_equal(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_greater_equal(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_equal(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_equal(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_not_equal(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_not_equal(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_logical_and(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_logical_and(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_logical_or(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0], y = operand[1];
    const double z = f_logical_or(x, y);
    if (active & 1u) {
        partial[0] = nothing();
    }
    if (active & 2u) {
        partial[1] = nothing();
    }
    return z;
}

static inline double kernel_logical_not(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_logical_not(x);
    if (active & 1u) {
        partial[0] = nothing();
    }
    return z;
}

static inline double kernel_sigmoid(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_sigmoid(x);
    if (active & 1u) {
        partial[0] = f_bump(1.0, x);
    }
    return z;
}

static inline double kernel_softplus(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_softplus(x);
    if (active & 1u) {
        partial[0] = f_sigmoid(x);
    }
    return z;
}

static inline double kernel_silu(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_silu(x);
    if (active & 1u) {
        partial[0] = f_sigmoid(x) + f_bump(x, x);
    }
    return z;
}

static inline double kernel_gelu(const double *operand, unsigned active, double *partial)
{
    const double x = operand[0];
    const double z = f_gelu(x);
    if (active & 1u) {
        partial[0] = f_normal(x) - 0.3989422804014327 * f_bell(1.0, 0.5, x);
    }
    return z;
}

static inline double kernel_fsum(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_fsum(x, n);
    if (partial != NULL) {
        for (Py_ssize_t i = 0; i < n; i++) {
            partial[i] = 1.0;
        }
    }
    return z;
}

static inline double kernel_dot(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_dot(x, n);
    if (partial != NULL) {
        partials_dot(z, x, n, partial);
    }
    return z;
}

static inline double kernel_prod(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_prod(x, n);
    if (partial != NULL) {
        partials_prod(z, x, n, partial);
    }
    return z;
}

static inline double kernel_logsumexp(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_logsumexp(x, n);
    if (partial != NULL) {
        partials_logsumexp(z, x, n, partial);
    }
    return z;
}

static inline double kernel_hypot(const double *x, Py_ssize_t n, double *partial)
{
    const double z = f_hypot(x, n);
    if (partial != NULL) {
        partials_hypot(z, x, n, partial);
    }
    return z;
}

typedef struct Row {
    const char *name;
    int arity;     /* -1: any number of operands */
    int may_raise; /* the kernel calls Python */
    int asks;      /* it does so for the value */
    double (*fixed)(const double *operand, unsigned active, double *partial);
    double (*many)(const double *x, Py_ssize_t n, double *partial);
} Row;

static const Row ROWS[BUILT_IN_COUNT] = {
    {"identity", 1, 0, 0, kernel_identity, NULL},
    {"add", 2, 0, 0, kernel_add, NULL},
    {"subtract", 2, 0, 0, kernel_subtract, NULL},
    {"multiply", 2, 0, 0, kernel_multiply, NULL},
    {"divide", 2, 0, 0, kernel_divide, NULL},
    {"power", 2, 0, 0, kernel_power, NULL},
    {"negate", 1, 0, 0, kernel_negate, NULL},
    {"absolute", 1, 0, 0, kernel_absolute, NULL},
    {"chain", 2, 0, 0, kernel_chain, NULL},
    {"mod", 2, 0, 0, kernel_mod, NULL},
    {"floor_divide", 2, 0, 0, kernel_floor_divide, NULL},
    {"fmod", 2, 1, 0, kernel_fmod, NULL},
    {"remainder", 2, 1, 0, kernel_remainder, NULL},
    {"ldexp", 2, 0, 0, kernel_ldexp, NULL},
    {"exp", 1, 0, 0, kernel_exp, NULL},
    {"exp2", 1, 0, 0, kernel_exp2, NULL},
    {"expm1", 1, 0, 0, kernel_expm1, NULL},
    {"log", 1, 0, 0, kernel_log, NULL},
    {"log2", 1, 0, 0, kernel_log2, NULL},
    {"log10", 1, 0, 0, kernel_log10, NULL},
    {"log1p", 1, 0, 0, kernel_log1p, NULL},
    {"sqrt", 1, 0, 0, kernel_sqrt, NULL},
    {"cbrt", 1, 0, 0, kernel_cbrt, NULL},
    {"sin", 1, 0, 0, kernel_sin, NULL},
    {"cos", 1, 0, 0, kernel_cos, NULL},
    {"tan", 1, 0, 0, kernel_tan, NULL},
    {"asin", 1, 0, 0, kernel_asin, NULL},
    {"acos", 1, 0, 0, kernel_acos, NULL},
    {"atan", 1, 0, 0, kernel_atan, NULL},
    {"atan2", 2, 0, 0, kernel_atan2, NULL},
    {"sinh", 1, 0, 0, kernel_sinh, NULL},
    {"cosh", 1, 0, 0, kernel_cosh, NULL},
    {"tanh", 1, 0, 0, kernel_tanh, NULL},
    {"asinh", 1, 1, 0, kernel_asinh, NULL},
    {"acosh", 1, 0, 0, kernel_acosh, NULL},
    {"atanh", 1, 0, 0, kernel_atanh, NULL},
    {"erf", 1, 0, 0, kernel_erf, NULL},
    {"erfc", 1, 0, 0, kernel_erfc, NULL},
    {"gamma", 1, 1, 1, kernel_gamma, NULL},
    {"lgamma", 1, 1, 1, kernel_lgamma, NULL},
    {"digamma", 1, 1, 1, kernel_digamma, NULL},
    {"polygamma", 2, 1, 1, kernel_polygamma, NULL},
    {"ratio", 3, 0, 0, kernel_ratio, NULL},
    {"monomial", 4, 0, 0, kernel_monomial, NULL},
    {"exp_of_difference", 2, 0, 0, kernel_exp_of_difference, NULL},
    {"atan_slope", 1, 0, 0, kernel_atan_slope, NULL},
    {"asin_slope", 1, 0, 0, kernel_asin_slope, NULL},
    {"atanh_slope", 1, 0, 0, kernel_atanh_slope, NULL},
    {"gamma_slope", 1, 1, 1, kernel_gamma_slope, NULL},
    {"cbrt_slope", 1, 0, 0, kernel_cbrt_slope, NULL},
    {"inverse_part", 2, 0, 0, kernel_inverse_part, NULL},
    {"bell", 3, 0, 0, kernel_bell, NULL},
    {"bump", 2, 0, 0, kernel_bump, NULL},
    {"normal", 1, 0, 0, kernel_normal, NULL},
    {"floor", 1, 0, 0, kernel_floor, NULL},
    {"ceil", 1, 0, 0, kernel_ceil, NULL},
    {"trunc", 1, 0, 0, kernel_trunc, NULL},
    {"round_to", 2, 1, 1, kernel_round_to, NULL},
    {"sign", 1, 0, 0, kernel_sign, NULL},
    {"copysign", 2, 0, 0, kernel_copysign, NULL},
    {"where", 3, 0, 0, kernel_where, NULL},
    {"clip", 3, 0, 0, kernel_clip, NULL},
    {"relu", 1, 0, 0, kernel_relu, NULL},
    {"maximum", -1, 0, 0, NULL, kernel_maximum},
    {"minimum", -1, 0, 0, NULL, kernel_minimum},
    {"less", 2, 0, 0, kernel_less, NULL},
    {"less_equal", 2, 0, 0, kernel_less_equal, NULL},
    {"greater", 2, 0, 0, kernel_greater, NULL},
    {"greater_equal", 2, 0, 0, kernel_greater_equal, NULL},
    {"equal", 2, 0, 0, kernel_equal, NULL},
    {"not_equal", 2, 0, 0, kernel_not_equal, NULL},
    {"logical_and", 2, 0, 0, kernel_logical_and, NULL},
    {"logical_or", 2, 0, 0, kernel_logical_or, NULL},
    {"logical_not", 1, 0, 0, kernel_logical_not, NULL},
    {"sigmoid", 1, 0, 0, kernel_sigmoid, NULL},
    {"softplus", 1, 0, 0, kernel_softplus, NULL},
    {"silu", 1, 0, 0, kernel_silu, NULL},
    {"gelu", 1, 0, 0, kernel_gelu, NULL},
    {"fsum", -1, 0, 0, NULL, kernel_fsum},
    {"dot", -1, 0, 0, NULL, kernel_dot},
    {"prod", -1, 0, 0, NULL, kernel_prod},
    {"logsumexp", -1, 0, 0, NULL, kernel_logsumexp},
    {"hypot", -1, 1, 1, NULL, kernel_hypot},
};

#endif
