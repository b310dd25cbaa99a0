// The table of primitives in JavaScript, printed by `python -m autograd.explorer.javascript`: do not edit.
//
// `value(xs)` is a row's value on its operands, `partials(z, xs)` are its partials; null says that nothing flows.

const TABLE = {
  identity: {
    value: ([x]) => f_identity(x),
    partials: (z, [x]) => [1.0],
  },
  add: {
    value: ([x, y]) => f_add(x, y),
    partials: (z, [x, y]) => [1.0, 1.0],
  },
  subtract: {
    value: ([x, y]) => f_subtract(x, y),
    partials: (z, [x, y]) => [1.0, -1.0],
  },
  multiply: {
    value: ([x, y]) => f_multiply(x, y),
    partials: (z, [x, y]) => [y, x],
  },
  divide: {
    value: ([x, y]) => f_divide(x, y),
    partials: (z, [x, y]) => [f_divide(1.0, y), -f_ratio(x, y, 2.0)],
  },
  power: {
    value: ([x, y]) => f_power(x, y),
    partials: (z, [x, y]) => [z == z ? f_monomial(y, x, y, 1.0) : z, (x == 0.0 && y >= 0.0) || (x == Infinity && y < 0.0) ? 0.0 : f_monomial(1.0 * f_log(x), x, y, 0.0)],
  },
  negate: {
    value: ([x]) => f_negate(x),
    partials: (z, [x]) => [-1.0],
  },
  absolute: {
    value: ([x]) => f_absolute(x),
    partials: (z, [x]) => [x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : z == z ? null : z],
  },
  chain: {
    value: ([a, p]) => f_chain(a, p),
    partials: (z, [a, p]) => [p, a],
  },
  mod: {
    value: ([x, y]) => f_mod(x, y),
    partials: (z, [x, y]) => [1.0, z == z ? -f_floor_divide(x, y) : z],
  },
  floor_divide: {
    value: ([x, y]) => f_floor_divide(x, y),
    partials: (z, [x, y]) => [z == z ? null : z, z == z ? null : z],
  },
  fmod: {
    value: ([x, y]) => f_fmod(x, y),
    partials: (z, [x, y]) => [1.0, -f_round_to(f_divide(x, y) - f_divide(z, y), 0.0)],
  },
  remainder: {
    value: ([x, y]) => f_remainder(x, y),
    partials: (z, [x, y]) => [1.0, -f_round_to(f_divide(x, y) - f_divide(z, y), 0.0)],
  },
  ldexp: {
    value: ([x, n]) => f_ldexp(x, n),
    partials: (z, [x, n]) => [f_ldexp(1.0, n), null],
  },
  exp: {
    value: ([x]) => f_exp(x),
    partials: (z, [x]) => [z],
  },
  exp2: {
    value: ([x]) => f_exp2(x),
    partials: (z, [x]) => [0.6931471805599453 * z],
  },
  expm1: {
    value: ([x]) => f_expm1(x),
    partials: (z, [x]) => [f_exp(x)],
  },
  log: {
    value: ([x]) => f_log(x),
    partials: (z, [x]) => [z == z ? f_divide(1.0, x + 0.0) : z],
  },
  log2: {
    value: ([x]) => f_log2(x),
    partials: (z, [x]) => [z == z ? f_divide(1.4426950408889634, x + 0.0) : z],
  },
  log10: {
    value: ([x]) => f_log10(x),
    partials: (z, [x]) => [z == z ? f_divide(0.4342944819032518, x + 0.0) : z],
  },
  log1p: {
    value: ([x]) => f_log1p(x),
    partials: (z, [x]) => [z == z ? f_divide(1.0, 1.0 + x) : z],
  },
  sqrt: {
    value: ([x]) => f_sqrt(x),
    partials: (z, [x]) => [f_divide(0.5, z + 0.0)],
  },
  cbrt: {
    value: ([x]) => f_cbrt(x),
    partials: (z, [x]) => [f_cbrt_slope(x)],
  },
  sin: {
    value: ([x]) => f_sin(x),
    partials: (z, [x]) => [f_cos(x)],
  },
  cos: {
    value: ([x]) => f_cos(x),
    partials: (z, [x]) => [-f_sin(x)],
  },
  tan: {
    value: ([x]) => f_tan(x),
    partials: (z, [x]) => [1.0 + z * z],
  },
  asin: {
    value: ([x]) => f_asin(x),
    partials: (z, [x]) => [f_asin_slope(x)],
  },
  acos: {
    value: ([x]) => f_acos(x),
    partials: (z, [x]) => [-f_asin_slope(x)],
  },
  atan: {
    value: ([x]) => f_atan(x),
    partials: (z, [x]) => [f_atan_slope(x)],
  },
  atan2: {
    value: ([y, x]) => f_atan2(y, x),
    partials: (z, [y, x]) => [f_inverse_part(x, y), -f_inverse_part(y, x)],
  },
  sinh: {
    value: ([x]) => f_sinh(x),
    partials: (z, [x]) => [f_cosh(x)],
  },
  cosh: {
    value: ([x]) => f_cosh(x),
    partials: (z, [x]) => [f_sinh(x)],
  },
  tanh: {
    value: ([x]) => f_tanh(x),
    partials: (z, [x]) => [f_bump(4.0, 2.0 * x)],
  },
  asinh: {
    value: ([x]) => f_asinh(x),
    partials: (z, [x]) => [f_divide(1.0, f_hypot([1.0, x]))],
  },
  acosh: {
    value: ([x]) => f_acosh(x),
    partials: (z, [x]) => [f_divide(f_divide(1.0, f_sqrt(x + 1.0)), f_sqrt(x - 1.0))],
  },
  atanh: {
    value: ([x]) => f_atanh(x),
    partials: (z, [x]) => [f_atanh_slope(x)],
  },
  erf: {
    value: ([x]) => f_erf(x),
    partials: (z, [x]) => [1.1283791670955126 * f_bell(0.0, 1.0, x)],
  },
  erfc: {
    value: ([x]) => f_erfc(x),
    partials: (z, [x]) => [-1.1283791670955126 * f_bell(0.0, 1.0, x)],
  },
  gamma: {
    value: ([x]) => f_gamma(x),
    partials: (z, [x]) => [f_gamma_slope(x)],
  },
  lgamma: {
    value: ([x]) => f_lgamma(x),
    partials: (z, [x]) => [f_digamma(x)],
  },
  digamma: {
    value: ([x]) => f_digamma(x),
    partials: (z, [x]) => [f_polygamma(1.0, x)],
  },
  polygamma: {
    value: ([n, x]) => f_polygamma(n, x),
    partials: (z, [n, x]) => [null, z == z ? f_polygamma(n + 1.0, x) : z],
  },
  ratio: {
    value: ([x, y, n]) => f_ratio(x, y, n),
    partials: (z, [x, y, n]) => [f_ratio(1.0, y, n), -f_chain(n, f_ratio(x, y, n + 1.0)), null],
  },
  monomial: {
    value: ([c, x, y, k]) => f_monomial(c, x, y, k),
    partials: (z, [c, x, y, k]) => [f_monomial(1.0, x, y, k), f_monomial(c * (y - k), x, y, k + 1.0), (x == 0.0 && y >= k) || (x == Infinity && y < k) ? 0.0 : f_monomial(c * f_log(x), x, y, k), null],
  },
  exp_of_difference: {
    value: ([x, y]) => f_exp_of_difference(x, y),
    partials: (z, [x, y]) => [z, -z],
  },
  atan_slope: {
    value: ([x]) => f_atan_slope(x),
    partials: (z, [x]) => [-2.0 * f_chain(z, x) * z],
  },
  asin_slope: {
    value: ([x]) => f_asin_slope(x),
    partials: (z, [x]) => [x * z * z * z],
  },
  atanh_slope: {
    value: ([x]) => f_atanh_slope(x),
    partials: (z, [x]) => [2.0 * x * z * z],
  },
  gamma_slope: {
    value: ([x]) => f_gamma_slope(x),
    partials: (z, [x]) => [z == Infinity ? z : z * f_digamma(x) + f_gamma(x) * f_polygamma(1.0, x)],
  },
  cbrt_slope: {
    value: ([x]) => f_cbrt_slope(x),
    partials: (z, [x]) => [-f_divide(2.0 * z, 3.0 * x)],
  },
  inverse_part: {
    value: ([x, y]) => f_inverse_part(x, y),
    partials: (z, [x, y]) => { const shared_0 = f_inverse_part(y, x); return [shared_0 != shared_0 || z != z || shared_0 * shared_0 - z * z == shared_0 * shared_0 - z * z ? shared_0 * shared_0 - z * z : f_chain(f_absolute(y) - f_absolute(x), Infinity), y == 0.0 ? f_chain(shared_0, -2.0 * z) : f_chain(-2.0 * z, shared_0)]; },
  },
  bell: {
    value: ([n, a, x]) => f_bell(n, a, x),
    partials: (z, [n, a, x]) => [null, null, f_bell(n + 1.0, a, x)],
  },
  bump: {
    value: ([c, x]) => f_bump(c, x),
    partials: (z, [c, x]) => [f_bump(1.0, x), f_bump(x < 2.2250738585072014e-308 && x > -2.2250738585072014e-308 ? 0.5 * -c * x : -c * f_tanh(0.5 * x), x)],
  },
  normal: {
    value: ([x]) => f_normal(x),
    partials: (z, [x]) => [0.3989422804014327 * f_bell(0.0, 0.5, x)],
  },
  floor: {
    value: ([x]) => f_floor(x),
    partials: (z, [x]) => [z == z ? null : z],
  },
  ceil: {
    value: ([x]) => f_ceil(x),
    partials: (z, [x]) => [z == z ? null : z],
  },
  trunc: {
    value: ([x]) => f_trunc(x),
    partials: (z, [x]) => [z == z ? null : z],
  },
  round_to: {
    value: ([x, digits]) => f_round_to(x, digits),
    partials: (z, [x, digits]) => [z == z ? null : z, null],
  },
  sign: {
    value: ([x]) => f_sign(x),
    partials: (z, [x]) => [z == z ? null : z],
  },
  copysign: {
    value: ([x, y]) => f_copysign(x, y),
    partials: (z, [x, y]) => { const shared_0 = f_copysign(1.0, y); return [x > 0.0 ? shared_0 : x < 0.0 ? -shared_0 : z == z ? null : z, z == z ? null : z]; },
  },
  where: {
    value: ([c, x, y]) => f_where(c, x, y),
    partials: (z, [c, x, y]) => [null, c != 0.0 ? 1.0 : null, c != 0.0 ? null : 1.0],
  },
  clip: {
    value: ([x, low, high]) => f_clip(x, low, high),
    partials: (z, [x, low, high]) => [x >= low && x <= high ? 1.0 : z == z ? null : z, x < low && low <= high ? 1.0 : z == z ? null : z, (x > high || low > high) && z == z ? 1.0 : z == z ? null : z],
  },
  relu: {
    value: ([x]) => f_relu(x),
    partials: (z, [x]) => [x > 0.0 ? 1.0 : z == z ? null : z],
  },
  maximum: {
    value: f_maximum,
    partials: partials_maximum,
  },
  minimum: {
    value: f_minimum,
    partials: partials_minimum,
  },
  sigmoid: {
    value: ([x]) => f_sigmoid(x),
    partials: (z, [x]) => [f_bump(1.0, x)],
  },
  softplus: {
    value: ([x]) => f_softplus(x),
    partials: (z, [x]) => [f_sigmoid(x)],
  },
  silu: {
    value: ([x]) => f_silu(x),
    partials: (z, [x]) => [f_sigmoid(x) + f_bump(x, x)],
  },
  gelu: {
    value: ([x]) => f_gelu(x),
    partials: (z, [x]) => [f_normal(x) - 0.3989422804014327 * f_bell(1.0, 0.5, x)],
  },
  fsum: {
    value: f_fsum,
    partials: (z, xs) => xs.map(() => 1.0),
  },
  dot: {
    value: f_dot,
    partials: partials_dot,
  },
  prod: {
    value: f_prod,
    partials: partials_prod,
  },
  logsumexp: {
    value: f_logsumexp,
    partials: partials_logsumexp,
  },
  hypot: {
    value: f_hypot,
    partials: partials_hypot,
  },
};
