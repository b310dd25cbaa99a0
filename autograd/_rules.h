/* The rules of the table in C, printed by `python -m autograd.rules`: do not edit. */

RULES(identity)
{
    if (active[0]) {
        partial[0] = number(1.0);
    }
}

RULES(add)
{
    if (active[0]) {
        partial[0] = number(1.0);
    }
    if (active[1]) {
        partial[1] = number(1.0);
    }
}

RULES(subtract)
{
    if (active[0]) {
        partial[0] = number(1.0);
    }
    if (active[1]) {
        partial[1] = number(-1.0);
    }
}

RULES(multiply)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        partial[0] = y;
    }
    if (active[1]) {
        partial[1] = x;
    }
}

RULES(divide)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        const Term t0 = STEP(TAG_divide, number(1.0), y);
        partial[0] = t0;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_ratio, x, y, number(2.0));
        const Term t1 = STEP(TAG_negate, t0);
        partial[1] = t1;
    }
}

RULES(power)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        const Term t0 = number(is_zero(y));
        const Term t1 = STEP(TAG_monomial, y, x, y, number(1.0));
        const Term t2 = choose(d, t0, number(0.0), t1);
        const Term t3 = compared(d, TAG_equal, z, z);
        const Term t4 = choose(d, t3, t2, z);
        partial[0] = t4;
    }
    if (active[1]) {
        const Term t0 = compared(d, TAG_equal, x, number(0.0));
        const Term t1 = compared(d, TAG_greater_equal, y, number(0.0));
        const Term t2 = STEP(TAG_logical_and, t0, t1);
        const Term t3 = compared(d, TAG_equal, x, number(INFINITY));
        const Term t4 = compared(d, TAG_less, y, number(0.0));
        const Term t5 = STEP(TAG_logical_and, t3, t4);
        const Term t6 = STEP(TAG_logical_or, t2, t5);
        const Term t7 = STEP(TAG_log, x);
        const Term t8 = STEP(TAG_multiply, number(1.0), t7);
        const Term t9 = STEP(TAG_monomial, t8, x, y, number(0.0));
        const Term t10 = choose(d, t6, number(0.0), t9);
        partial[1] = t10;
    }
}

RULES(negate)
{
    if (active[0]) {
        partial[0] = number(-1.0);
    }
}

RULES(absolute)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = compared(d, TAG_greater, x, number(0.0));
        const Term t1 = compared(d, TAG_less, x, number(0.0));
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, NOTHING, z);
        const Term t4 = choose(d, t1, number(-1.0), t3);
        const Term t5 = choose(d, t0, number(1.0), t4);
        partial[0] = t5;
    }
}

RULES(chain)
{
    const Term a = operand[0], p = operand[1];
    if (active[0]) {
        partial[0] = p;
    }
    if (active[1]) {
        partial[1] = a;
    }
}

RULES(mod)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        partial[0] = number(1.0);
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_floor_divide, x, y);
        const Term t1 = STEP(TAG_negate, t0);
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, t1, z);
        partial[1] = t3;
    }
}

RULES(floor_divide)
{
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[0] = t1;
    }
    if (active[1]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[1] = t1;
    }
}

RULES(fmod)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        partial[0] = number(1.0);
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_divide, x, y);
        const Term t1 = STEP(TAG_divide, z, y);
        const Term t2 = STEP(TAG_subtract, t0, t1);
        const Term t3 = STEP(TAG_round_to, t2, number(0.0));
        const Term t4 = STEP(TAG_negate, t3);
        partial[1] = t4;
    }
}

RULES(remainder)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        partial[0] = number(1.0);
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_divide, x, y);
        const Term t1 = STEP(TAG_divide, z, y);
        const Term t2 = STEP(TAG_subtract, t0, t1);
        const Term t3 = STEP(TAG_round_to, t2, number(0.0));
        const Term t4 = STEP(TAG_negate, t3);
        partial[1] = t4;
    }
}

RULES(ldexp)
{
    const Term n = operand[1];
    if (active[0]) {
        const Term t0 = STEP(TAG_ldexp, number(1.0), n);
        partial[0] = t0;
    }
}

RULES(exp)
{
    if (active[0]) {
        partial[0] = z;
    }
}

RULES(exp2)
{
    if (active[0]) {
        const Term t0 = STEP(TAG_multiply, number(0.6931471805599453), z);
        partial[0] = t0;
    }
}

RULES(expm1)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_exp, x);
        partial[0] = t0;
    }
}

RULES(log)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_add, x, number(0.0));
        const Term t1 = STEP(TAG_divide, number(1.0), t0);
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, t1, z);
        partial[0] = t3;
    }
}

RULES(log2)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_add, x, number(0.0));
        const Term t1 = STEP(TAG_divide, number(1.4426950408889634), t0);
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, t1, z);
        partial[0] = t3;
    }
}

RULES(log10)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_add, x, number(0.0));
        const Term t1 = STEP(TAG_divide, number(0.4342944819032518), t0);
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, t1, z);
        partial[0] = t3;
    }
}

RULES(log1p)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_add, number(1.0), x);
        const Term t1 = STEP(TAG_divide, number(1.0), t0);
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, t1, z);
        partial[0] = t3;
    }
}

RULES(sqrt)
{
    if (active[0]) {
        const Term t0 = STEP(TAG_add, z, number(0.0));
        const Term t1 = STEP(TAG_divide, number(0.5), t0);
        partial[0] = t1;
    }
}

RULES(cbrt)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_cbrt_slope, x);
        partial[0] = t0;
    }
}

RULES(sin)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_cos, x);
        partial[0] = t0;
    }
}

RULES(cos)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_sin, x);
        const Term t1 = STEP(TAG_negate, t0);
        partial[0] = t1;
    }
}

RULES(tan)
{
    if (active[0]) {
        const Term t0 = STEP(TAG_multiply, z, z);
        const Term t1 = STEP(TAG_add, number(1.0), t0);
        partial[0] = t1;
    }
}

RULES(asin)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_asin_slope, x);
        partial[0] = t0;
    }
}

RULES(acos)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_asin_slope, x);
        const Term t1 = STEP(TAG_negate, t0);
        partial[0] = t1;
    }
}

RULES(atan)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_atan_slope, x);
        partial[0] = t0;
    }
}

RULES(atan2)
{
    const Term y = operand[0], x = operand[1];
    if (active[0]) {
        const Term t0 = STEP(TAG_inverse_part, x, y);
        partial[0] = t0;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_inverse_part, y, x);
        const Term t1 = STEP(TAG_negate, t0);
        partial[1] = t1;
    }
}

RULES(sinh)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_cosh, x);
        partial[0] = t0;
    }
}

RULES(cosh)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_sinh, x);
        partial[0] = t0;
    }
}

RULES(tanh)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_multiply, number(2.0), x);
        const Term t1 = STEP(TAG_bump, number(4.0), t0);
        partial[0] = t1;
    }
}

RULES(asinh)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_hypot, number(1.0), x);
        const Term t1 = STEP(TAG_divide, number(1.0), t0);
        partial[0] = t1;
    }
}

RULES(acosh)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_add, x, number(1.0));
        const Term t1 = STEP(TAG_sqrt, t0);
        const Term t2 = STEP(TAG_divide, number(1.0), t1);
        const Term t3 = STEP(TAG_subtract, x, number(1.0));
        const Term t4 = STEP(TAG_sqrt, t3);
        const Term t5 = STEP(TAG_divide, t2, t4);
        partial[0] = t5;
    }
}

RULES(atanh)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_atanh_slope, x);
        partial[0] = t0;
    }
}

RULES(erf)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_bell, number(0.0), number(1.0), x);
        const Term t1 = STEP(TAG_multiply, number(1.1283791670955126), t0);
        partial[0] = t1;
    }
}

RULES(erfc)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_bell, number(0.0), number(1.0), x);
        const Term t1 = STEP(TAG_multiply, number(-1.1283791670955126), t0);
        partial[0] = t1;
    }
}

RULES(gamma)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_gamma_slope, x);
        partial[0] = t0;
    }
}

RULES(lgamma)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_digamma, x);
        partial[0] = t0;
    }
}

RULES(digamma)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_polygamma, number(1.0), x);
        partial[0] = t0;
    }
}

RULES(polygamma)
{
    const Term n = operand[0], x = operand[1];
    if (active[1]) {
        const Term t0 = STEP(TAG_add, n, number(1.0));
        const Term t1 = STEP(TAG_polygamma, t0, x);
        const Term t2 = compared(d, TAG_equal, z, z);
        const Term t3 = choose(d, t2, t1, z);
        partial[1] = t3;
    }
}

RULES(ratio)
{
    const Term x = operand[0], y = operand[1], n = operand[2];
    if (active[0]) {
        const Term t0 = STEP(TAG_ratio, number(1.0), y, n);
        partial[0] = t0;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_add, n, number(1.0));
        const Term t1 = STEP(TAG_ratio, x, y, t0);
        const Term t2 = STEP(TAG_chain, n, t1);
        const Term t3 = STEP(TAG_negate, t2);
        partial[1] = t3;
    }
}

RULES(monomial)
{
    const Term c = operand[0], x = operand[1], y = operand[2], k = operand[3];
    if (active[0]) {
        const Term t0 = STEP(TAG_monomial, number(1.0), x, y, k);
        partial[0] = t0;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_subtract, y, k);
        const Term t1 = STEP(TAG_multiply, c, t0);
        const Term t2 = STEP(TAG_add, k, number(1.0));
        const Term t3 = number(is_zero(t1));
        const Term t4 = STEP(TAG_monomial, t1, x, y, t2);
        const Term t5 = choose(d, t3, number(0.0), t4);
        partial[1] = t5;
    }
    if (active[2]) {
        const Term t0 = compared(d, TAG_equal, x, number(0.0));
        const Term t1 = compared(d, TAG_greater_equal, y, k);
        const Term t2 = STEP(TAG_logical_and, t0, t1);
        const Term t3 = compared(d, TAG_equal, x, number(INFINITY));
        const Term t4 = compared(d, TAG_less, y, k);
        const Term t5 = STEP(TAG_logical_and, t3, t4);
        const Term t6 = STEP(TAG_logical_or, t2, t5);
        const Term t7 = STEP(TAG_log, x);
        const Term t8 = STEP(TAG_multiply, c, t7);
        const Term t9 = STEP(TAG_monomial, t8, x, y, k);
        const Term t10 = choose(d, t6, number(0.0), t9);
        partial[2] = t10;
    }
}

RULES(exp_of_difference)
{
    if (active[0]) {
        partial[0] = z;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_negate, z);
        partial[1] = t0;
    }
}

RULES(atan_slope)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_chain, z, x);
        const Term t1 = STEP(TAG_multiply, number(-2.0), t0);
        const Term t2 = STEP(TAG_multiply, t1, z);
        partial[0] = t2;
    }
}

RULES(asin_slope)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_multiply, x, z);
        const Term t1 = STEP(TAG_multiply, t0, z);
        const Term t2 = STEP(TAG_multiply, t1, z);
        partial[0] = t2;
    }
}

RULES(atanh_slope)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_multiply, number(2.0), x);
        const Term t1 = STEP(TAG_multiply, t0, z);
        const Term t2 = STEP(TAG_multiply, t1, z);
        partial[0] = t2;
    }
}

RULES(gamma_slope)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, number(INFINITY));
        const Term t1 = STEP(TAG_digamma, x);
        const Term t2 = STEP(TAG_multiply, z, t1);
        const Term t3 = STEP(TAG_gamma, x);
        const Term t4 = STEP(TAG_polygamma, number(1.0), x);
        const Term t5 = STEP(TAG_multiply, t3, t4);
        const Term t6 = STEP(TAG_add, t2, t5);
        const Term t7 = choose(d, t0, z, t6);
        partial[0] = t7;
    }
}

RULES(cbrt_slope)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_multiply, number(2.0), z);
        const Term t1 = STEP(TAG_multiply, number(3.0), x);
        const Term t2 = STEP(TAG_divide, t0, t1);
        const Term t3 = STEP(TAG_negate, t2);
        partial[0] = t3;
    }
}

RULES(inverse_part)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        const Term t0 = STEP(TAG_inverse_part, y, x);
        const Term t1 = STEP(TAG_multiply, t0, t0);
        const Term t2 = STEP(TAG_multiply, z, z);
        const Term t3 = STEP(TAG_subtract, t1, t2);
        const Term t4 = compared(d, TAG_not_equal, t0, t0);
        const Term t5 = compared(d, TAG_not_equal, z, z);
        const Term t6 = STEP(TAG_logical_or, t4, t5);
        const Term t7 = compared(d, TAG_equal, t3, t3);
        const Term t8 = STEP(TAG_logical_or, t6, t7);
        const Term t9 = STEP(TAG_absolute, y);
        const Term t10 = STEP(TAG_absolute, x);
        const Term t11 = STEP(TAG_subtract, t9, t10);
        const Term t12 = STEP(TAG_chain, t11, number(INFINITY));
        const Term t13 = choose(d, t8, t3, t12);
        partial[0] = t13;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_multiply, number(-2.0), z);
        const Term t1 = STEP(TAG_inverse_part, y, x);
        const Term t2 = compared(d, TAG_equal, y, number(0.0));
        const Term t3 = STEP(TAG_chain, t1, t0);
        const Term t4 = STEP(TAG_chain, t0, t1);
        const Term t5 = choose(d, t2, t3, t4);
        partial[1] = t5;
    }
}

RULES(bell)
{
    const Term n = operand[0], a = operand[1], x = operand[2];
    if (active[2]) {
        const Term t0 = STEP(TAG_add, n, number(1.0));
        const Term t1 = STEP(TAG_bell, t0, a, x);
        partial[2] = t1;
    }
}

RULES(bump)
{
    const Term c = operand[0], x = operand[1];
    if (active[0]) {
        const Term t0 = STEP(TAG_bump, number(1.0), x);
        partial[0] = t0;
    }
    if (active[1]) {
        const Term t0 = STEP(TAG_negate, c);
        const Term t1 = STEP(TAG_multiply, number(0.5), x);
        const Term t2 = STEP(TAG_tanh, t1);
        const Term t3 = STEP(TAG_multiply, t0, t2);
        const Term t4 = compared(d, TAG_less, x, number(2.2250738585072014e-308));
        const Term t5 = compared(d, TAG_greater, x, number(-2.2250738585072014e-308));
        const Term t6 = STEP(TAG_logical_and, t4, t5);
        const Term t7 = STEP(TAG_multiply, number(0.5), t0);
        const Term t8 = STEP(TAG_multiply, t7, x);
        const Term t9 = choose(d, t6, t8, t3);
        const Term t10 = STEP(TAG_bump, t9, x);
        partial[1] = t10;
    }
}

RULES(normal)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_bell, number(0.0), number(0.5), x);
        const Term t1 = STEP(TAG_multiply, number(0.3989422804014327), t0);
        partial[0] = t1;
    }
}

RULES(floor)
{
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[0] = t1;
    }
}

RULES(ceil)
{
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[0] = t1;
    }
}

RULES(trunc)
{
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[0] = t1;
    }
}

RULES(round_to)
{
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[0] = t1;
    }
}

RULES(sign)
{
    if (active[0]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[0] = t1;
    }
}

RULES(copysign)
{
    const Term x = operand[0], y = operand[1];
    if (active[0]) {
        const Term t0 = STEP(TAG_copysign, number(1.0), y);
        const Term t1 = STEP(TAG_copysign, number(1.0), y);
        const Term t2 = STEP(TAG_negate, t1);
        const Term t3 = compared(d, TAG_greater, x, number(0.0));
        const Term t4 = compared(d, TAG_less, x, number(0.0));
        const Term t5 = compared(d, TAG_equal, z, z);
        const Term t6 = choose(d, t5, NOTHING, z);
        const Term t7 = choose(d, t4, t2, t6);
        const Term t8 = choose(d, t3, t0, t7);
        partial[0] = t8;
    }
    if (active[1]) {
        const Term t0 = compared(d, TAG_equal, z, z);
        const Term t1 = choose(d, t0, NOTHING, z);
        partial[1] = t1;
    }
}

RULES(where)
{
    const Term c = operand[0];
    if (active[1]) {
        const Term t0 = compared(d, TAG_not_equal, c, number(0.0));
        const Term t1 = choose(d, t0, number(1.0), NOTHING);
        partial[1] = t1;
    }
    if (active[2]) {
        const Term t0 = compared(d, TAG_not_equal, c, number(0.0));
        const Term t1 = choose(d, t0, NOTHING, number(1.0));
        partial[2] = t1;
    }
}

RULES(clip)
{
    const Term x = operand[0], low = operand[1], high = operand[2];
    if (active[0]) {
        const Term t0 = compared(d, TAG_greater_equal, x, low);
        const Term t1 = compared(d, TAG_less_equal, x, high);
        const Term t2 = STEP(TAG_logical_and, t0, t1);
        const Term t3 = compared(d, TAG_equal, z, z);
        const Term t4 = choose(d, t3, NOTHING, z);
        const Term t5 = choose(d, t2, number(1.0), t4);
        partial[0] = t5;
    }
    if (active[1]) {
        const Term t0 = compared(d, TAG_less, x, low);
        const Term t1 = compared(d, TAG_less_equal, low, high);
        const Term t2 = STEP(TAG_logical_and, t0, t1);
        const Term t3 = compared(d, TAG_equal, z, z);
        const Term t4 = choose(d, t3, NOTHING, z);
        const Term t5 = choose(d, t2, number(1.0), t4);
        partial[1] = t5;
    }
    if (active[2]) {
        const Term t0 = compared(d, TAG_greater, x, high);
        const Term t1 = compared(d, TAG_greater, low, high);
        const Term t2 = STEP(TAG_logical_or, t0, t1);
        const Term t3 = compared(d, TAG_equal, z, z);
        const Term t4 = STEP(TAG_logical_and, t2, t3);
        const Term t5 = compared(d, TAG_equal, z, z);
        const Term t6 = choose(d, t5, NOTHING, z);
        const Term t7 = choose(d, t4, number(1.0), t6);
        partial[2] = t7;
    }
}

RULES(relu)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = compared(d, TAG_greater, x, number(0.0));
        const Term t1 = compared(d, TAG_equal, z, z);
        const Term t2 = choose(d, t1, NOTHING, z);
        const Term t3 = choose(d, t0, number(1.0), t2);
        partial[0] = t3;
    }
}

RULES(less)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(less_equal)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(greater)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(greater_equal)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(equal)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(not_equal)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(logical_and)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(logical_or)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
    if (active[1]) {
        partial[1] = NOTHING;
    }
}

RULES(logical_not)
{
    if (active[0]) {
        partial[0] = NOTHING;
    }
}

RULES(sigmoid)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_bump, number(1.0), x);
        partial[0] = t0;
    }
}

RULES(softplus)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_sigmoid, x);
        partial[0] = t0;
    }
}

RULES(silu)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_sigmoid, x);
        const Term t1 = STEP(TAG_bump, x, x);
        const Term t2 = STEP(TAG_add, t0, t1);
        partial[0] = t2;
    }
}

RULES(gelu)
{
    const Term x = operand[0];
    if (active[0]) {
        const Term t0 = STEP(TAG_normal, x);
        const Term t1 = STEP(TAG_bell, number(1.0), number(0.5), x);
        const Term t2 = STEP(TAG_multiply, number(0.3989422804014327), t1);
        const Term t3 = STEP(TAG_subtract, t0, t2);
        partial[0] = t3;
    }
}

static const Rules RULES_OF[BUILT_IN_COUNT] = {
    rules_identity,
    rules_add,
    rules_subtract,
    rules_multiply,
    rules_divide,
    rules_power,
    rules_negate,
    rules_absolute,
    rules_chain,
    rules_mod,
    rules_floor_divide,
    rules_fmod,
    rules_remainder,
    rules_ldexp,
    rules_exp,
    rules_exp2,
    rules_expm1,
    rules_log,
    rules_log2,
    rules_log10,
    rules_log1p,
    rules_sqrt,
    rules_cbrt,
    rules_sin,
    rules_cos,
    rules_tan,
    rules_asin,
    rules_acos,
    rules_atan,
    rules_atan2,
    rules_sinh,
    rules_cosh,
    rules_tanh,
    rules_asinh,
    rules_acosh,
    rules_atanh,
    rules_erf,
    rules_erfc,
    rules_gamma,
    rules_lgamma,
    rules_digamma,
    rules_polygamma,
    rules_ratio,
    rules_monomial,
    rules_exp_of_difference,
    rules_atan_slope,
    rules_asin_slope,
    rules_atanh_slope,
    rules_gamma_slope,
    rules_cbrt_slope,
    rules_inverse_part,
    rules_bell,
    rules_bump,
    rules_normal,
    rules_floor,
    rules_ceil,
    rules_trunc,
    rules_round_to,
    rules_sign,
    rules_copysign,
    rules_where,
    rules_clip,
    rules_relu,
    rules_maximum,
    rules_minimum,
    rules_less,
    rules_less_equal,
    rules_greater,
    rules_greater_equal,
    rules_equal,
    rules_not_equal,
    rules_logical_and,
    rules_logical_or,
    rules_logical_not,
    rules_sigmoid,
    rules_softplus,
    rules_silu,
    rules_gelu,
    rules_fsum,
    rules_dot,
    NULL,
    NULL,
    NULL,
};
