// Values of the primitives: the JavaScript twin of floats.py, as _floats.h is in C.
//
// Arithmetic is the same to the bit. Functions that JavaScript has are those of the browser; those that it lacks (the
// error and gamma functions) are computed here, to the accuracy that tests/test_explorer_numbers.py states and checks.

class Unavailable extends Error {} // there is such a value, but not here

const SQRT_HALF = 0.7071067811865476, SQRT_HALF_REST = -4.833646656726457e-17;
const ERF_SLOPE = 1.1283791670955126, NORMAL_PEAK = 0.3989422804014327;
const SMALLEST_NORMAL = 2 ** -1022, LARGEST = Number.MAX_VALUE;
const { abs, floor, log } = Math;

const copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -abs(x) : abs(x));

/** Return a number from ½ to 1, and the exponent of the power of 2 that it has to be multiplied with to give x. */
function frexp(x) {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let exponent = 0;
  if (abs(x) < SMALLEST_NORMAL) [x, exponent] = [x * 2 ** 64, -64];
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getUint16(0);
  view.setUint16(0, (bits & 0x800f) | 0x3fe0);
  return [view.getFloat64(0), exponent + ((bits >> 4) & 0x7ff) - 1022];
}

/** Return x · 2ⁿ, rounded once. */
function scaled(x, n) {
  const [fraction, exponent] = frexp(x);
  const total = exponent + n;
  return total > 1023 ? fraction * 2 * 2 ** (total - 1) : total < -1074 ? fraction * 0.5 * 2 ** (total + 1) : fraction * 2 ** total;
}

// ── arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────────────

const f_identity = (x) => x;
const f_add = (x, y) => x + y;
const f_subtract = (x, y) => x - y;
const f_multiply = (x, y) => x * y;
const f_divide = (x, y) => x / y;
const f_power = (x, y) => (x === 1 || (x === -1 && abs(y) === Infinity) ? 1 : x ** y);
const f_negate = (x) => -x;
const f_absolute = (x) => abs(x);
const f_chain = (adjoint, partial) => (adjoint !== 0 ? adjoint * partial : 0);

function f_mod(x, y) {
  const rest = x % y;
  if (rest === 0) return copysign(0, y);
  return y < 0 !== rest < 0 ? rest + y : rest;
}

function f_floor_divide(x, y) {
  if (y === 0) return x / y;
  const rest = x % y;
  let quotient = (x - rest) / y;
  if (rest !== 0 && y < 0 !== rest < 0) quotient -= 1;
  if (quotient === 0) return copysign(0, x / y);
  const whole = floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

const f_fmod = (x, y) => x % y;

function f_remainder(x, y) {
  const below = abs(x) % abs(y), above = abs(y) - below;
  let rest = below < above ? below : -above;
  if (!(below < above || below > above)) rest = below - 2 * ((0.5 * (abs(x) - below)) % abs(y));
  return copysign(1, x) * rest;
}

function f_ldexp(x, n) {
  if (!Number.isInteger(n)) return NaN;
  if (x === 0 || !Number.isFinite(x)) return x;
  return abs(n) > 10000 ? copysign(n > 0 ? Infinity : 0, x) : scaled(x, n);
}

// ── exponentials, logarithms, roots, angles ─────────────────────────────────────────────────────────────────────────

const f_exp = Math.exp, f_expm1 = Math.expm1, f_log = Math.log, f_log1p = Math.log1p;
const f_exp2 = (x) => 2 ** x, f_log2 = Math.log2, f_log10 = Math.log10;
const f_sqrt = Math.sqrt, f_cbrt = Math.cbrt;
const f_sin = Math.sin, f_cos = Math.cos, f_tan = Math.tan;
const f_asin = Math.asin, f_acos = Math.acos, f_atan = Math.atan, f_atan2 = Math.atan2;
const f_sinh = Math.sinh, f_cosh = Math.cosh, f_tanh = Math.tanh;
const f_asinh = Math.asinh, f_acosh = Math.acosh, f_atanh = Math.atanh;

// ── the error function ──────────────────────────────────────────────────────────────────────────────────────────────

/** Return exp(-x²), with the error of x² mended. */
function bell_curve(x) {
  const [square, rest] = two_product(x, x), value = Math.exp(-square);
  return value > 0 ? value - value * rest : value;
}

/** A series of positive terms (https://dlmf.nist.gov/7.6#E2), up to 1; beyond, what erfc leaves. */
function f_erf(x) {
  if (abs(x) >= 1) return copysign(1 - f_erfc(abs(x)), x);
  let term = x, sum = x;
  for (let k = 1; abs(term) > 1e-17 * abs(sum); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return x === 0 || abs(x) < 1e-150 ? ERF_SLOPE * x : ERF_SLOPE * bell_curve(x) * sum;
}

/** A continued fraction (https://dlmf.nist.gov/7.9#E1), from the inside out. */
function f_erfc(x) {
  if (!(x >= 1)) return 1 - f_erf(x);
  if (x > 28) return 0;
  let tail = x;
  for (let k = Math.ceil(20 + 300 / (x * x)); k > 0; k--) tail = x + (0.5 * k) / tail;
  return (0.5 * ERF_SLOPE * bell_curve(x)) / tail;
}

// ── the gamma function and its kin: a recurrence, then the asymptotic series; reflection for negative numbers ───────

const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798];
const ROOT_TWO_PI = 2.5066282746310007, LOG_ROOT_TWO_PI = 0.9189385332046728;
const FAR_ENOUGH = 16, LARGEST_ORDER = 60, TINY = 1e-300;

const is_pole = (x) => x <= 0 && x === floor(x);
const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));
const alternating = (n) => (n % 2 ? -1 : 1);
const horner = (coefficients, x) => coefficients.reduceRight((value, c) => value * x + c, 0);

/** Return the coefficients B₂ₖ (2k + n - 1)! / (2k)! of the n-th derivative of digamma, up to its sign. */
function asymptotic(n) {
  return BERNOULLI.map((b, i) => {
    const k = 2 * i + 2;
    if (n < 0) return b / (k * (k - 1));
    for (let j = k + 1; j < k + n; j++) b *= j;
    return n === 0 ? b / k : b;
  });
}

/** log Γ less its leading terms (https://dlmf.nist.gov/5.11#E1). */
const stirling_rest = (x) => horner(asymptotic(-1), 1 / (x * x)) / x;

function f_gamma(x) {
  if (x !== x || x > 172) return x * Infinity;
  if (x === 0) return copysign(Infinity, x);
  if (x === -Infinity || is_pole(x)) return NaN;
  if (abs(x) < TINY) return 1 / x;
  if (x < 0.5) {
    const gap = f_remainder(x, 1), sign = alternating(f_round_to(x, 0));
    return (sign * Math.PI) / (Math.sin(Math.PI * gap) * f_gamma(1 - x));
  }
  let product = 1, far = x;
  for (; far < FAR_ENOUGH; far++) product *= far;
  const half = f_power(far, 0.5 * (far - 0.5)); // twice, because the whole may be too large
  return (half * Math.exp(-far) * half * ROOT_TWO_PI * Math.exp(stirling_rest(far))) / product;
}

function f_lgamma(x) {
  if (x === 1 || x === 2) return 0;
  if (x !== x || abs(x) === Infinity) return x * x;
  if (is_pole(x)) return Infinity;
  if (abs(x) < TINY) return -log(abs(x));
  if (x < 0) return log(Math.PI / abs(Math.sin(Math.PI * f_remainder(x, 1)))) - f_lgamma(1 - x);
  if (x < FAR_ENOUGH) return log(f_gamma(x));
  return (x - 0.5) * log(x) - x + LOG_ROOT_TWO_PI + stirling_rest(x);
}

const f_digamma = (x) => f_polygamma(0, x);
const f_gamma_slope = (x) => f_gamma(x) * f_digamma(x);

function f_polygamma(n, x) {
  if (!(0 <= n && n <= 170) || n !== floor(n) || x !== x || x === -Infinity) return NaN;
  if (x === Infinity) return n === 0 ? Infinity : 0;
  if (x === 0) return n % 2 ? Infinity : copysign(Infinity, -x);
  if (is_pole(x)) return NaN;
  if (n > LARGEST_ORDER) throw new Unavailable(`polygamma of order ${n}`);
  if (abs(x) < TINY) return alternating(n + 1) * factorial(n) * (1 / x) ** (n + 1);
  if (x > 0) return positive_polygamma(n, x);
  const gap = f_remainder(x, 1), cotangent = Math.sin(Math.PI * (0.5 - abs(gap))) / Math.sin(Math.PI * gap);
  return alternating(n) * positive_polygamma(n, 1 - x) - Math.PI ** (n + 1) * horner(cotangent_derivative(n), cotangent);
}

function positive_polygamma(n, x) {
  let near = 0, far = x;
  for (; far < FAR_ENOUGH + n; far++) near += far ** -(n + 1);
  const lead = n ? factorial(n - 1) * far ** -n : -log(far);
  const series = horner(asymptotic(n), 1 / (far * far)) * far ** -(n + 2);
  return alternating(n + 1) * (lead + factorial(n) * (near + far ** -(n + 1) / 2) + series);
}

/** Return the coefficients of the polynomial P with dⁿ cot(t) / dtⁿ = P(cot t). */
function cotangent_derivative(n) {
  let polynomial = [0, 1];
  for (; n > 0; n--) {
    const slope = polynomial.slice(1).map((c, k) => c * (k + 1));
    polynomial = [...slope, 0, 0].map((low, k) => -low - (k > 1 ? slope[k - 2] : 0));
  }
  return polynomial;
}

// ── slopes, and what else rules are made of ─────────────────────────────────────────────────────────────────────────

function two_difference(x, y) {
  const difference = x - y, back = difference - x;
  return [difference, x - (difference - back) - (y + back)];
}

function two_product(x, y) {
  const big_x = 134217729 * x, big_y = 134217729 * y;
  const x_high = big_x - (big_x - x), y_high = big_y - (big_y - y);
  const x_low = x - x_high, y_low = y - y_high, product = x * y;
  return [product, x_high * y_high - product + x_high * y_low + x_low * y_high + x_low * y_low];
}

function f_ratio(x, y, n) {
  if (!(0 <= n && n <= 1000) || n !== floor(n)) return NaN;
  const first = x / y;
  let result = n === 0 ? x : first;
  for (let k = 1; k < n; k++) result /= y;
  const small = Math.min(abs(first), abs(result)), large = Math.max(abs(first), abs(result));
  const tame = small >= SMALLEST_NORMAL && large <= LARGEST;
  if (n < 2 || tame || x === 0 || y === 0 || !Number.isFinite(x) || !Number.isFinite(y)) return result;
  const [fraction, exponent] = frexp(x), [divisor, shift] = frexp(y);
  result = fraction;
  for (let k = 0; k < n; k++) result /= divisor;
  return scaled(result, exponent - n * shift);
}

function f_monomial(c, x, y, k) {
  if (c === 0) return 0;
  const [exponent, rest] = two_difference(y, k);
  let value = exponent === exponent ? f_power(x, exponent) : exponent, root;
  if (value !== value) return value;
  if (SMALLEST_NORMAL <= abs(value) && abs(value) <= LARGEST) {
    root = copysign(1, value);
    value = abs(value);
  } else {
    root = copysign(f_power(abs(x), 0.5 * exponent), value);
    value = abs(root);
  }
  if (rest !== 0 && abs(exponent) >= 2 ** 53 && abs(k % 2) === 1) root = copysign(root, x); // y is even, y - k odd
  if (rest !== 0 && x > 0 && 0 < value && value <= LARGEST && Number.isFinite(exponent)) root *= 1 + rest * log(x);
  return value !== 0 || c !== c ? c * root * value : copysign(1, c) * root;
}

function f_exp_of_difference(x, y) {
  if (x === y) return 1;
  const [difference, rest] = two_difference(x, y), value = Math.exp(difference);
  return 0 < value && value <= LARGEST ? value + value * rest : value;
}

const f_atan_slope = (x) => (abs(x) < 1e8 ? 1 / (1 + x * x) : 1 / x / x);
const f_asin_slope = (x) => 1 / Math.sqrt((1 - x) * (1 + x));
const f_atanh_slope = (x) => (abs(x) <= 1 ? 1 / ((1 - x) * (1 + x)) : NaN);

function f_cbrt_slope(x) {
  if (x === 0 || !Number.isFinite(x)) return 1 / abs(x);
  const [root, exponent] = frexp(Math.cbrt(x));
  const [square, square_rest] = two_product(root, root), [cube, cube_rest] = two_product(square, root);
  const error = scaled(x, -3 * exponent) - cube - cube_rest - square_rest * root;
  return scaled((1 - (2 * error) / (3 * cube)) / (3 * square), -2 * exponent);
}

function f_inverse_part(x, y) {
  if (abs(x) === Infinity) return y === y ? copysign(0, x) : NaN;
  if (abs(x) >= abs(y)) {
    const t = y / x;
    return 0.5 / x / (0.5 + 0.5 * t * t);
  }
  const t = x / y;
  return f_ratio(x, y, 2) / (1 + t * t);
}

function f_bell(n, a, x) {
  if (!(0 <= n && n <= 1000) || n !== floor(n) || x !== x) return NaN;
  if (abs(x) >= 1000) return 0;
  let before = 0, polynomial = 1;
  for (let k = 0; k < n; k++) [before, polynomial] = [polynomial, -2 * a * (x * polynomial + k * before)];
  const [square, rest] = two_product(x, x), value = Math.exp(-a * square);
  if (value > 1e-290) return polynomial * (value - value * (a * rest));
  const half = Math.exp(-0.5 * a * square);
  return polynomial * half * (half - half * (a * rest));
}

function f_bump(c, x) {
  const e = Math.exp(-abs(x));
  if (e <= 1e-290) {
    const half = Math.exp(-0.5 * abs(x));
    return half !== 0 || c !== c ? c * half * half : 0;
  }
  const total = 1 + e, slope = e / (total * total);
  return c * (slope - slope * ((2 * (e - (total - 1))) / total));
}

function f_normal(x) {
  if (!(abs(x) < 40)) return x < 0 ? 0 : x > 0 ? 1 : x;
  const [t, rest] = two_product(-x, SQRT_HALF);
  return 0.5 * f_erfc(t) - 0.5 * ERF_SLOPE * (rest - x * SQRT_HALF_REST) * Math.exp(-t * t);
}

// ── steps and selections ────────────────────────────────────────────────────────────────────────────────────────────

const f_floor = Math.floor, f_ceil = Math.ceil, f_trunc = Math.trunc;

/** Round to decimal digits, half to even: exactly, with whole numbers of any size. */
function f_round_to(x, digits) {
  if (!Number.isFinite(digits)) return NaN;
  if (!Number.isInteger(digits)) return NaN;
  if (x === 0 || !Number.isFinite(x) || digits > 400) return x;
  if (digits < -400) return copysign(0, x);
  const [fraction, exponent] = frexp(abs(x));
  let above = BigInt(fraction * 2 ** 53), below = 1n;
  if (exponent > 53) above <<= BigInt(exponent - 53);
  else below <<= BigInt(53 - exponent);
  if (digits > 0) above *= 10n ** BigInt(digits);
  else below *= 10n ** BigInt(-digits);
  let whole = above / below;
  const twice = 2n * (above % below);
  if (twice > below || (twice === below && whole % 2n)) whole += 1n;
  return copysign(Number(`${whole}e${-digits}`), x);
}

const f_sign = (x) => (x > 0 || x < 0 ? copysign(1, x) : x);
const f_copysign = copysign;
const f_where = (condition, x, y) => (condition !== 0 ? x : y);
const f_maximum = (xs) => xs.reduce((best, x) => (x > best || x !== x ? x : best));
const f_minimum = (xs) => xs.reduce((best, x) => (x < best || x !== x ? x : best));
const f_clip = (x, low, high) => f_minimum([f_maximum([x, low]), high]);
const f_relu = (x) => (x <= 0 ? 0 : x);

/** The one that was selected, the first of equal ones, has the partial 1; a NaN may have come from any operand. */
function partials_maximum(z, xs) {
  const first = xs.indexOf(z);
  return xs.map((_, i) => (i === first ? 1 : z === z ? null : NaN));
}

const partials_minimum = partials_maximum;

// ── activations ─────────────────────────────────────────────────────────────────────────────────────────────────────

function f_sigmoid(x) {
  const e = Math.exp(-abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

const f_softplus = (x) => f_relu(x) + Math.log1p(Math.exp(-abs(x)));

function f_silu(x) {
  if (x > -700 || x !== x) return x * f_sigmoid(x);
  const half = Math.exp(0.5 * x);
  return x !== -Infinity ? x * half * half : -0;
}

const MILLS = [-135135, 10395, -945, 105, -15, 3, -1];

function f_gelu(x) {
  if (x > -37 || x !== x) return x * f_normal(x);
  if (x < -40) return -0;
  const inverse = 1 / (x * x), series = MILLS.reduce((sum, c) => (sum + c) * inverse, 0);
  const [square, rest] = two_product(x, x), half = Math.exp(-0.25 * square);
  return -NORMAL_PEAK * half * (half + half * (series - 0.5 * rest));
}

// ── many operands ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The sum, rounded once: it is held exactly in partial sums that do not overlap (Shewchuk 1997). */
function f_fsum(xs) {
  const special = xs.filter((x) => !Number.isFinite(x));
  if (special.length) return special.reduce((sum, x) => sum + x);
  const sum = exact_sum(xs);
  return Number.isFinite(sum) ? sum : exact_sum(xs.map((x) => x * 2 ** -64)) * 2 ** 64;
}

function exact_sum(xs) {
  let sums = [];
  for (let high of xs) {
    const kept = [];
    for (let low of sums) {
      if (abs(high) < abs(low)) [high, low] = [low, high];
      const sum = high + low, rest = low - (sum - high);
      if (rest !== 0) kept.push(rest);
      high = sum;
    }
    if (!Number.isFinite(high)) return high;
    sums = high !== 0 ? [...kept, high] : kept;
  }
  let sum = sums.pop() ?? 0, rest = 0;
  while (sums.length && rest === 0) {
    const high = sum, low = sums.pop();
    sum = high + low;
    rest = low - (sum - high);
  }
  if (sums.length && rest < 0 === sums.at(-1) < 0) { // a tie, were it not for the sums below
    const next = sum + 2 * rest;
    if (next - sum === 2 * rest) sum = next;
  }
  return sum;
}

function f_dot(xs) {
  const half = xs.length / 2;
  let sum = 0;
  for (let i = 0; i < half; i++) sum += xs[i] * xs[half + i];
  return sum;
}

const partials_dot = (z, xs) => [...xs.slice(xs.length / 2), ...xs.slice(0, xs.length / 2)];
const f_prod = (xs) => xs.reduce((product, x) => product * x, 1);

/** The product of the others: of those before it, times that of those after it. */
function partials_prod(z, xs) {
  const n = xs.length, partials = new Array(n).fill(1);
  if (n < 2) return partials;
  let after = xs[n - 1], before = xs[0];
  for (let i = n - 2; i > 0; i--) [partials[i], after] = [after, after * xs[i]];
  partials[0] = after;
  for (let i = 1; i < n - 1; i++) [partials[i], before] = [before * partials[i], before * xs[i]];
  partials[n - 1] = before;
  return partials;
}

function f_logsumexp(xs) {
  const largest = f_maximum([-Infinity, ...xs]), at = xs.indexOf(largest);
  if (abs(largest) === Infinity || largest !== largest) return largest;
  return largest + Math.log1p(xs.reduce((sum, x, i) => (i === at ? sum : sum + Math.exp(x - largest)), 0));
}

function partials_logsumexp(z, xs) {
  const top = xs.length ? f_maximum(xs) : 0;
  const powers = xs.map((x) => f_exp_of_difference(x, top)), total = powers.reduce((sum, x) => sum + x, 0);
  return xs.map((x, i) => (x === -Infinity && total === total ? 0 : powers[i] / total));
}

const f_hypot = (xs) => Math.hypot(...xs);

/** x / z; where the norm z is huge or tiny, that of scaled operands; the direction of infinite operands is theirs. */
function partials_hypot(z, xs) {
  const tiny = 2 ** -900, scale = z < tiny ? 1 / tiny : z > 1 / tiny ? tiny : 1;
  let scaled_xs = xs.map((x) => x * scale), norm = scale === 1 ? z : f_hypot(scaled_xs);
  if (norm === Infinity) {
    scaled_xs = xs.map((x) => (abs(x) === Infinity ? copysign(1, x) : 0 * x));
    norm = f_hypot(scaled_xs);
  }
  return scaled_xs.map((x) => (z === 0 ? null : x / norm));
}
