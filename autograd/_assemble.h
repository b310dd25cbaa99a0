/* From a program to code: what is needed, what is fused, in which order it is done, and where results stand.

   All passes are linear, but that strips are sorted. A value is what the program numbers: inputs, constants, results of
   steps. */

#ifndef AUTOGRAD_ASSEMBLE_H
#define AUTOGRAD_ASSEMBLE_H

#include "_join.h"
#include "_terms.h"

#define CUSTOM TAG_COUNT /* in `tags`: a row that is not of the library */
#define FUSED_SPAN 512   /* a sum is taken together over so many steps: its factors are kept for as long */
#define DOT_SPAN 65536   /* the same where factors are scalars, each of which is but one number */

/* A program, as _machine.pyx hands it over. */
typedef struct Source {
    uint32_t inputs, constants, steps;
    const uint8_t *varying;
    const double *constant;
    const uint16_t *rows;     /* per step */
    const uint32_t *starts, *operands;
    const uint16_t *tags;     /* per row */
    int exact;
} Source;

/* Something to be had of a value: TAG_store it as output `number`, TAG_add_up as sum, TAG_check as guard. */
typedef struct Root {
    uint32_t value, number;
    uint16_t tag;
} Root;

enum { UNIFORM = 1, NEEDED = 2, ABSORBED = 4, LOADED = 8, KEPT = 16, TOGETHER = 32 };

/* A sum that goes on: x + y·z, where x may be such a sum itself; or the sum of two chains. */
typedef struct Sum {
    uint32_t rest, product; /* x, and y·z */
    int of_chains;
    uint32_t terms;         /* 0: no sum */
    uint32_t begin;         /* its first product; of a dot, the first one that it goes on in, or itself */
} Sum;

/* A step that does what several did; a tag of 0, which is nothing of the kind, if there is none. */
typedef struct Fused {
    uint32_t tag, operand[MOST_DIRECT];
} Fused;

typedef struct Assembler {
    Source source;
    uint32_t first, values, zero, one; /* the first result; how many values; two more, which are 0 and 1 */
    Root *roots;
    uint32_t root_count;
    uint8_t *marks;        /* per value, like all that follows */
    uint32_t *uses, *first_use, *last, *place;
    uint32_t *first_root, *next_root; /* the roots of a value; per root the next one of the same value */
    Sum *sums;
    Fused *fused;
    Code *code;
    uint32_t listed;
    uint32_t *operands;    /* of the source, some of them replaced */
    uint8_t *checked;      /* per guard: whether its check has been emitted */
    uint32_t in_order;     /* the first guard of which it has not */
    uint32_t *free_places, free_count;
    uint8_t *is_free;      /* per place, where that is asked */
} Assembler;

/* ── the program ───────────────────────────────────────────────────────────────────────────────────────────────── */

static inline uint16_t tag_of(const Assembler *a, uint32_t value)
{
    return value < a->first ? CUSTOM : a->source.tags[a->source.rows[value - a->first]];
}

static inline const uint32_t *operands_of(const Assembler *a, uint32_t value)
{
    return a->source.operands + a->source.starts[value - a->first];
}

static inline uint32_t arity_of(const Assembler *a, uint32_t value)
{
    return a->source.starts[value - a->first + 1] - a->source.starts[value - a->first];
}

static inline int is_uniform(const Assembler *a, uint32_t value) { return a->marks[value] & UNIFORM; }

static inline int is_constant(const Assembler *a, uint32_t v, double x)
{
    return a->source.inputs <= v && v < a->first
           && memcmp(&a->source.constant[v - a->source.inputs], &x, sizeof x) == 0;
}

static void mark_uniform(Assembler *a)
{
    for (uint32_t v = 0; v < a->first; v++) {
        a->marks[v] |= v < a->source.inputs && a->source.varying[v] ? 0 : UNIFORM;
    }
    for (uint32_t v = a->first; v < a->values; v++) {
        const uint32_t *x = operands_of(a, v), n = arity_of(a, v);
        uint8_t uniform = UNIFORM;
        for (uint32_t i = 0; i < n; i++) {
            uniform &= a->marks[x[i]];
        }
        a->marks[v] |= uniform;
    }
}

/* Whether a step is where(x > 0, x, 0), which is not 0 where the condition holds. */
static int tells_condition(const Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v);
    if (tag_of(a, v) != TAG_where || tag_of(a, x[0]) != TAG_greater || !is_constant(a, x[2], 0.0)) {
        return 0;
    }
    const uint32_t *compared = operands_of(a, x[0]);
    return compared[0] == x[1] && compared[1] == x[2];
}

/* Where the condition of such a step is only asked by selections, those behind it ask its result instead: then the
   condition need not be computed, nor kept. */
static void replace_conditions(Assembler *a)
{
    uint32_t *told = a->place, *others = a->last; /* a result, and how many uses there are but by selections */
    for (uint32_t i = 0; i < a->root_count; i++) {
        others[a->roots[i].value]++;
    }
    for (uint32_t v = a->first; v < a->values; v++) {
        const uint32_t *x = operands_of(a, v), n = arity_of(a, v);
        for (uint32_t i = tag_of(a, v) == TAG_where ? 1 : 0; i < n; i++) {
            others[x[i]]++;
        }
    }
    for (uint32_t v = a->first; v < a->values; v++) {
        uint32_t *x = a->operands + a->source.starts[v - a->first];
        if (tag_of(a, v) == TAG_where && told[x[0]] != 0) {
            x[0] = told[x[0]];
        } else if (tells_condition(a, v) && others[x[0]] == 0) {
            told[x[0]] = v;
        }
    }
    memset(told, 0, a->values * sizeof *told);
    memset(others, 0, a->values * sizeof *others);
}

/* A sum over lanes of x + u, where u is the same for all, is one of x, and u as often as there are lanes. */
static void set_apart(Assembler *a)
{
    for (uint32_t i = 0; i < a->root_count; i++) {
        Root *root = &a->roots[i];
        a->code->apart[i] = NONE;
        if (root->tag != TAG_add_up || a->source.exact) {
            continue;
        }
        const int is_sum = tag_of(a, root->value) == TAG_add && !is_uniform(a, root->value);
        const uint32_t *x = is_sum ? operands_of(a, root->value) : NULL;
        if (is_uniform(a, root->value)) {
            a->code->apart[i] = root->value;
            a->code->results[i] = NONE;
            root->tag = 0; /* nothing else is to be had of it */
        } else if (is_sum && is_uniform(a, x[0]) != is_uniform(a, x[1])) {
            a->code->apart[i] = x[is_uniform(a, x[1]) ? 1 : 0];
            root->value = x[is_uniform(a, x[1]) ? 0 : 1];
        }
    }
}

static void mark_needed(Assembler *a)
{
    for (uint32_t i = a->root_count; i-- > 0;) {
        const uint32_t v = a->roots[i].value, apart = a->code->apart[i];
        a->marks[v] |= NEEDED;
        a->uses[v]++;
        if (apart != NONE) {
            a->marks[apart] |= NEEDED | KEPT;
            a->uses[apart]++;
        }
        a->next_root[i] = a->first_root[v];
        a->first_root[v] = i;
    }
    for (uint32_t v = a->values; v-- > a->first;) {
        const uint32_t *x = operands_of(a, v), n = a->marks[v] & NEEDED ? arity_of(a, v) : 0;
        for (uint32_t i = 0; i < n; i++) {
            a->marks[x[i]] |= NEEDED;
            a->uses[x[i]]++;
            a->first_use[x[i]] = v;
        }
    }
}

static int fits(const Source *source, uint32_t step, uint32_t tag)
{
    const uint32_t *x = source->operands + source->starts[step], n = source->starts[step + 1] - source->starts[step];
    if (source->starts[step + 1] < source->starts[step]) {
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (x[i] >= source->inputs + source->constants + step) {
            return 0;
        }
    }
    return tag == CUSTOM || (uint32_t)ROWS[tag].arity == n || (ROWS[tag].arity < 0 && (tag == TAG_dot ? n % 2 == 0 : 1));
}

/* Whether every step has operands that are there already, and as many as its row takes. */
static int is_sound(const Source *source, uint32_t rows, uint32_t operands)
{
    if (source->starts[0] != 0 || source->starts[source->steps] != operands) {
        return 0;
    }
    for (uint32_t step = 0; step < source->steps; step++) {
        if (source->rows[step] >= rows || source->starts[step + 1] > operands
            || !fits(source, step, source->tags[source->rows[step]])) {
            return 0;
        }
    }
    return 1;
}

/* ── fusing: what only one step needs is done there ────────────────────────────────────────────────────────────── */

/* Whether `v` is a step of this row, done as often as the step `user`, and no part of another one. */
static inline int is_alike(const Assembler *a, uint32_t v, uint32_t user, uint16_t tag)
{
    return tag_of(a, v) == tag && is_uniform(a, v) == is_uniform(a, user) && !(a->marks[v] & ABSORBED) && !a->fused[v].tag;
}

/* Whether only the step `user` needs it. */
static inline int is_inner(const Assembler *a, uint32_t v, uint32_t user, uint16_t tag)
{
    return a->uses[v] == 1 && is_alike(a, v, user, tag);
}

/* Of a slot and a scalar only the slot has to be kept until the product is needed, and not the product. */
static inline int is_product(const Assembler *a, uint32_t v, uint32_t user)
{
    if (!is_inner(a, v, user, TAG_multiply) && !is_inner(a, v, user, TAG_chain)) {
        return 0;
    }
    const uint32_t *x = operands_of(a, v);
    return user - v <= FUSED_SPAN || is_uniform(a, x[0]) || is_uniform(a, x[1]);
}

/* A chain that only `user` needs, whose adjoint is a slot. */
static inline int is_chain(const Assembler *a, uint32_t v, uint32_t user)
{
    return tag_of(a, v) == TAG_chain && is_product(a, v, user) && !is_uniform(a, operands_of(a, v)[0]);
}

/* x + y·z, where x may be such a sum itself; or x - y·z, or y·z - x. */
static void fuse_sum(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v);
    const int add = tag_of(a, v) == TAG_add;
    const int second = is_product(a, x[1], v) && (add || tag_of(a, x[1]) == TAG_multiply);
    const uint32_t product = x[second], rest = x[!second];
    if (product == rest || !(second || is_product(a, product, v)) || (!add && tag_of(a, product) != TAG_multiply)) {
        return;
    }
    const Sum *inner = &a->sums[rest];
    const int extends = add && inner->terms > 0 && is_inner(a, rest, v, TAG_add) && v - inner->begin <= FUSED_SPAN;
    const int of_chains = add && !is_uniform(a, v) && is_chain(a, product, v) && is_chain(a, rest, v);
    if (extends && inner->of_chains) {
        a->sums[rest].of_chains = 0;
        a->marks[inner->rest] &= (uint8_t)~ABSORBED;
    }
    a->sums[v] = (Sum){rest, product, of_chains, extends ? inner->terms + 1 : 1, extends ? inner->begin : product};
    a->marks[product] |= ABSORBED;
    a->marks[rest] |= extends || of_chains ? ABSORBED : 0;
}

/* Whether a dot of scalars begins with x·1, where x is a dot that nobody else needs: in any order, they are one sum. */
static int goes_on_in(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v), half = arity_of(a, v) / 2;
    return half > 2 && !a->source.exact && is_uniform(a, v) && is_constant(a, x[half], 1.0)
           && is_inner(a, x[0], v, TAG_dot) && v - a->sums[x[0]].begin <= DOT_SPAN;
}

/* Terms x·1 of a dot, where x is a product that nobody else needs: its factors take their place when it is emitted. */
static void fuse_dot(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v), half = arity_of(a, v) / 2;
    const int goes_on = goes_on_in(a, v);
    a->sums[v].begin = goes_on ? a->sums[x[0]].begin : v;
    if (goes_on) {
        a->marks[x[0]] |= ABSORBED;
    }
    for (uint32_t i = 0; i < half; i++) {
        a->marks[x[i]] |= is_constant(a, x[half + i], 1.0) && is_product(a, x[i], v) ? ABSORBED : 0;
    }
}

/* where(c, x, 0) + y */
static void fuse_selected_sum(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v);
    for (int i = 0; i < 2 && a->sums[v].terms == 0 && a->fused[v].tag == 0; i++) {
        if (x[0] != x[1] && is_inner(a, x[i], v, TAG_where) && is_constant(a, operands_of(a, x[i])[2], 0.0)) {
            const uint32_t *selected = operands_of(a, x[i]);
            a->fused[v] = (Fused){TAG_selected_add, {selected[0], selected[1], x[!i]}};
            a->marks[x[i]] |= ABSORBED;
        }
    }
}

/* x / (y + z), as of slopes, where z is 0 so that -0 becomes 0 */
static void fuse_quotient(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v);
    if (x[0] != x[1] && is_inner(a, x[1], v, TAG_add) && a->sums[x[1]].terms == 0) {
        const uint32_t *y = operands_of(a, x[1]);
        a->fused[v] = (Fused){TAG_divide_by_sum, {x[0], y[0], y[1]}};
        a->marks[x[1]] |= ABSORBED;
    }
}

/* chain(x, y / (z + 0)), as of the slopes of logarithms and roots */
static void fuse_slope(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v), slope = x[1];
    const Fused *inner = &a->fused[slope];
    if (inner->tag == TAG_divide_by_sum && a->uses[slope] == 1 && is_uniform(a, slope) == is_uniform(a, v)
        && is_constant(a, inner->operand[2], 0.0) && !a->fused[v].tag) {
        a->fused[v] = (Fused){TAG_chain_of_slope, {x[0], inner->operand[0], inner->operand[1]}};
        a->marks[slope] |= ABSORBED;
    }
}

/* √(x·y) */
static void fuse_root(Assembler *a, uint32_t v)
{
    const uint32_t product = operands_of(a, v)[0];
    if (is_inner(a, product, v, TAG_multiply) && v - product <= FUSED_SPAN) {
        const uint32_t *x = operands_of(a, product);
        a->fused[v] = (Fused){TAG_sqrt_of_product, {x[0], x[1], 0}};
        a->marks[product] |= ABSORBED;
    }
}

/* (x·y)·z */
static void fuse_product(Assembler *a, uint32_t v, uint16_t tag)
{
    const uint32_t *x = operands_of(a, v);
    if (x[0] != x[1] && v - x[0] <= FUSED_SPAN && is_inner(a, x[0], v, tag)) {
        const uint32_t *y = operands_of(a, x[0]);
        a->fused[v] = (Fused){tag == TAG_chain ? TAG_chain_chain : TAG_multiply_multiply, {y[0], y[1], x[1]}};
        a->marks[x[0]] |= ABSORBED;
    }
}

/* where(c, chain(x, y), 0); where(x > y, x, y); where(z == z, 0, chain(adjoint, z)), the adjoint of a step; and that of
   relu, where(x > 0, adjoint, this). */
static void fuse_where(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v);
    if (is_constant(a, x[2], 0.0) && v - x[1] <= FUSED_SPAN && is_inner(a, x[1], v, TAG_chain)) {
        const uint32_t *factors = operands_of(a, x[1]);
        a->fused[v] = (Fused){TAG_selected_chain, {x[0], factors[0], factors[1]}};
        a->marks[x[1]] |= ABSORBED;
    } else if (is_inner(a, x[0], v, TAG_greater) && memcmp(operands_of(a, x[0]), x + 1, 2 * sizeof *x) == 0) {
        a->fused[v] = (Fused){TAG_greater_of, {x[1], x[2], 0}};
        a->marks[x[0]] |= ABSORBED;
    } else if (is_constant(a, x[1], 0.0) && tag_of(a, x[0]) == TAG_equal && is_inner(a, x[2], v, TAG_chain)) {
        const uint32_t *z = operands_of(a, x[0]), *chain = operands_of(a, x[2]);
        if (z[0] == z[1] && z[0] == chain[1]) {
            a->fused[v] = (Fused){TAG_flat_chain, {z[0], chain[0], 0}};
            a->marks[x[2]] |= ABSORBED;
            a->marks[x[0]] |= is_inner(a, x[0], v, TAG_equal) ? ABSORBED : 0;
        }
    } else if (tag_of(a, x[0]) == TAG_greater && a->fused[x[2]].tag == TAG_flat_chain && a->uses[x[2]] == 1) {
        const uint32_t *compared = operands_of(a, x[0]), z = a->fused[x[2]].operand[0];
        if (a->fused[x[2]].operand[1] == x[1] && is_constant(a, compared[1], 0.0) && tag_of(a, z) == TAG_relu
            && operands_of(a, z)[0] == compared[0]) {
            const int of_chain = is_alike(a, x[1], v, TAG_chain) && a->uses[x[1]] == 2; /* here, and in the flat chain */
            const uint32_t *y = of_chain ? operands_of(a, x[1]) : NULL;
            a->fused[v] = of_chain ? (Fused){TAG_relu_chain_chain, {z, y[0], y[1]}} : (Fused){TAG_relu_chain, {z, x[1], 0}};
            a->marks[x[2]] |= ABSORBED;
            a->marks[x[1]] |= of_chain ? ABSORBED : 0;
            a->marks[x[0]] |= is_inner(a, x[0], v, TAG_greater) ? ABSORBED : 0;
        }
    }
}

static void fuse(Assembler *a)
{
    for (uint32_t v = a->first; v < a->values; v++) {
        if (!(a->marks[v] & NEEDED)) {
            continue;
        }
        switch (tag_of(a, v)) {
        case TAG_add:      fuse_sum(a, v), fuse_selected_sum(a, v); break;
        case TAG_subtract: fuse_sum(a, v); break;
        case TAG_divide:   fuse_quotient(a, v); break;
        case TAG_dot:      fuse_dot(a, v); break;
        case TAG_sqrt:     fuse_root(a, v); break;
        case TAG_multiply: fuse_product(a, v, TAG_multiply); break;
        case TAG_chain:    fuse_product(a, v, TAG_chain), fuse_slope(a, v); break;
        case TAG_where:    fuse_where(a, v); break;
        }
    }
}

/* ── emitting steps, whose operands are values yet ─────────────────────────────────────────────────────────────── */

static inline uint32_t reference(const Assembler *a, uint32_t v) { return v | (is_uniform(a, v) ? SCALAR_BIT : 0); }

static Step *new_step(Assembler *a, int uniform, uint16_t tag, uint32_t out)
{
    Code *code = a->code;
    Step *step = uniform ? &code->scalar_steps[code->scalar_step_count++] : &code->steps[code->step_count++];
    *step = (Step){tag, 0, out, {0, 0, 0}};
    return step;
}

static inline int is_to_be_loaded(const Assembler *a, uint32_t v)
{
    return v < a->source.inputs && (a->marks[v] & (UNIFORM | NEEDED | LOADED)) == NEEDED;
}

/* A varying input is read right before it is needed first; with it those that follow and are needed soon, for where
   lanes are rows, they stand in the same line of the cache. The next line is fetched bit by bit, as each is needed. */
static void need(Assembler *a, uint32_t v)
{
    uint32_t count = 0;
    while (count < MOST_LOADED && is_to_be_loaded(a, v + count)
           && a->first_use[v + count] - a->first_use[v] <= FUSED_SPAN) {
        count++;
    }
    for (uint32_t k = 0; k < count; k++) {
        Step *step = new_step(a, 0, count == 1 ? TAG_load : k == 0 ? TAG_load_rows : TAG_loaded, v + k);
        step->operand[0] = v + k, step->operand[1] = count;
        a->marks[v + k] |= LOADED | (count == 1 ? 0 : TOGETHER);
        a->place[v + k] = k, a->last[v + k] = count; /* of those together, until places are given */
    }
    if (v < a->source.inputs && a->marks[v] & TOGETHER) {
        Step *step = new_step(a, 0, TAG_fetch, 0);
        step->operand[0] = v, step->operand[1] = a->place[v], step->operand[2] = a->last[v];
        a->marks[v] &= (uint8_t)~TOGETHER;
    }
}

static void emit_direct(Assembler *a, uint32_t out, uint16_t tag, const uint32_t *x, uint32_t n, int uniform)
{
    for (uint32_t i = 0; i < n; i++) {
        need(a, x[i]);
    }
    Step *step = new_step(a, uniform, tag, out);
    for (uint32_t i = 0; i < n; i++) {
        step->operand[i] = reference(a, x[i]);
        step->variant |= is_uniform(a, x[i]) ? 1u << i : 0;
    }
}

static void list_operand(Assembler *a, uint32_t v)
{
    need(a, v);
    a->code->lists[a->listed++] = reference(a, v);
}

static Step *emit_list(Assembler *a, uint32_t out, uint16_t tag, uint32_t begin, uint32_t what)
{
    const uint32_t length = a->listed - begin;
    Step *step = new_step(a, has_result(tag) && is_uniform(a, out), tag, out);
    step->operand[0] = begin, step->operand[1] = length, step->operand[2] = what;
    a->code->longest_list = length > a->code->longest_list ? length : a->code->longest_list;
    return step;
}

/* A product of a scalar and a slot has the scalar first. */
static void list_pair(Assembler *a, uint32_t *pair, uint32_t x, uint32_t y, int strong)
{
    const int turned = !strong && !is_uniform(a, x) && is_uniform(a, y);
    need(a, x);
    need(a, y);
    pair[0] = reference(a, turned ? y : x) | (strong ? STRONG_BIT : 0);
    pair[1] = reference(a, turned ? x : y);
}

/* x·y + z·1 needs no list; but in place of 0 it begins with z, which may be -0. */
static int emit_short_dot(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v);
    for (int i = 0; i < 2 && arity_of(a, v) == 4 && !a->source.exact; i++) {
        const uint32_t product = x[1 - i], factor = x[3 - i];
        const int inner = a->marks[product] & ABSORBED ? 1 : 0;
        if (is_constant(a, x[2 + i], 1.0) && !(a->marks[x[i]] & ABSORBED)) {
            const uint32_t *y = inner ? operands_of(a, product) : NULL;
            const uint32_t operands[] = {inner ? y[0] : product, inner ? y[1] : factor, x[i]};
            const int strong = inner && tag_of(a, product) == TAG_chain;
            emit_direct(a, v, strong ? TAG_chain_add : TAG_multiply_add, operands, 3, is_uniform(a, v));
            return 1;
        }
    }
    return 0;
}

/* A sum of two or three products, none of them strong, in each of which the second factor is a slot; it begins with a
   scalar. */
static void choose_short_sum(Step *step, const uint32_t *lists)
{
    const uint32_t *pair = lists + step->operand[0] + 1, pairs = pairs_of(step);
    uint16_t variant = 0;
    for (uint32_t k = 0; k < pairs && pairs <= MOST_SHORT; k++, pair += 2) {
        if (kinds_of(pair) > 1) {
            return;
        }
        variant |= (uint16_t)(kinds_of(pair) << k);
    }
    if (pairs == 2 || pairs == 3) {
        step->tag = pairs == 2 ? TAG_sum_of_2 : TAG_sum_of_3;
        step->variant = variant;
    }
}

/* Return which term x·1 a dot may begin with instead of 0, as the biases of a network: one that is the same for all
   lanes, and may be -0; NONE if there is none. */
static uint32_t initial_term(const Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v), half = arity_of(a, v) / 2;
    for (uint32_t i = 0; i < half && !a->source.exact; i++) {
        if (is_constant(a, x[half + i], 1.0) && is_uniform(a, x[i]) && !(a->marks[x[i]] & ABSORBED)) {
            return i;
        }
    }
    return NONE;
}

/* List the terms of a dot but the initial one; return the dot that it goes on in, or NONE. */
static uint32_t list_terms(Assembler *a, uint32_t v, uint32_t initial, int *strong_too)
{
    const uint32_t *x = operands_of(a, v), half = arity_of(a, v) / 2;
    const int goes_on = half > 0 && a->marks[x[0]] & ABSORBED && tag_of(a, x[0]) == TAG_dot;
    for (uint32_t i = goes_on; i < half; i++) {
        if (i == initial) {
            continue;
        }
        const int inner = a->marks[x[i]] & ABSORBED ? 1 : 0;
        const uint32_t *y = inner ? operands_of(a, x[i]) : NULL;
        const int strong = inner && tag_of(a, x[i]) == TAG_chain;
        list_pair(a, a->code->lists + a->listed, inner ? y[0] : x[i], inner ? y[1] : x[half + i], strong);
        a->listed += 2;
        *strong_too |= strong;
    }
    return goes_on ? x[0] : NONE;
}

static void emit_dot(Assembler *a, uint32_t v)
{
    if (emit_short_dot(a, v)) {
        return;
    }
    const uint32_t begin = a->listed;
    uint32_t initial = initial_term(a, v);
    int strong_too = 0;
    list_operand(a, initial != NONE ? operands_of(a, v)[initial] : a->zero);
    for (uint32_t part = v; part != NONE; initial = NONE) {
        part = list_terms(a, part, initial, &strong_too);
    }
    Step *step = emit_list(a, v, TAG_sum, begin, 0);
    step->variant = (uint16_t)strong_too;
    if (!is_uniform(a, v)) {
        choose_short_sum(step, a->code->lists);
    }
}

static void emit_long_sum(Assembler *a, uint32_t v)
{
    const Sum *sum = &a->sums[v];
    const uint32_t begin = a->listed;
    uint32_t *pair = a->code->lists + begin + 2 * sum->terms - 1;
    a->listed = begin + 2 * sum->terms + 1;
    for (uint32_t terms = sum->terms; terms > 0; terms--, pair -= 2) {
        const uint32_t *x = operands_of(a, sum->product);
        list_pair(a, pair, x[0], x[1], tag_of(a, sum->product) == TAG_chain);
        need(a, sum->rest);
        a->code->lists[begin] = reference(a, sum->rest);
        sum = &a->sums[sum->rest];
    }
    emit_list(a, v, TAG_sum, begin, 0);
}

static void emit_sum_of_chains(Assembler *a, uint32_t v)
{
    const uint32_t *chains[] = {operands_of(a, a->sums[v].product), operands_of(a, a->sums[v].rest)};
    const uint32_t begin = a->listed;
    uint16_t variant = 0;
    for (int i = 0; i < 2; i++) {
        list_operand(a, chains[i][0]);
        list_operand(a, chains[i][1]);
        variant |= (uint16_t)(is_uniform(a, chains[i][1]) << i);
    }
    emit_list(a, v, TAG_sum_of_chains, begin, 0)->variant = variant;
}

static void emit_sum(Assembler *a, uint32_t v)
{
    const Sum sum = a->sums[v];
    if (sum.terms > 1) {
        emit_long_sum(a, v);
        return;
    }
    if (sum.of_chains) {
        emit_sum_of_chains(a, v);
        return;
    }
    const uint32_t *x = operands_of(a, sum.product), operands[] = {x[0], x[1], sum.rest};
    const uint16_t tag = tag_of(a, sum.product) == TAG_chain ? TAG_chain_add
                         : tag_of(a, v) == TAG_add             ? TAG_multiply_add
                         : operands_of(a, v)[0] == sum.product ? TAG_multiply_subtract
                                                               : TAG_subtract_multiply;
    emit_direct(a, v, tag, operands, 3, is_uniform(a, v));
}

static void emit_generic(Assembler *a, uint32_t v, uint16_t tag)
{
    const uint32_t *x = operands_of(a, v), n = arity_of(a, v), row = a->source.rows[v - a->first], begin = a->listed;
    const int python = tag == CUSTOM || ROWS[tag].asks;
    for (uint32_t i = 0; i < n; i++) {
        list_operand(a, x[i]);
    }
    a->code->calls_python |= python;
    emit_list(a, v, python ? TAG_each_lane_python : TAG_each_lane, begin, python ? row : tag);
}

static void emit_value(Assembler *a, uint32_t v)
{
    const uint32_t *x = operands_of(a, v), n = arity_of(a, v);
    uint16_t tag = tag_of(a, v);
    if (a->sums[v].terms > 0) {
        emit_sum(a, v);
        return;
    }
    if (a->fused[v].tag) {
        tag = (uint16_t)a->fused[v].tag;
        emit_direct(a, v, tag, a->fused[v].operand, SHAPE[tag], is_uniform(a, v));
        return;
    }
    if (tag == TAG_dot) {
        emit_dot(a, v);
        return;
    }
    if (n == 2 && (tag == TAG_maximum || tag == TAG_minimum)) {
        tag = tag == TAG_maximum ? TAG_larger : TAG_smaller;
    } else if (tag < BUILT_IN_COUNT && !a->source.exact && !is_uniform(a, v) && FASTER[tag]) {
        tag = FASTER[tag];
    }
    if (tag != CUSTOM && DIRECT_1 <= SHAPE[tag] && SHAPE[tag] <= DIRECT_3) {
        emit_direct(a, v, tag, x, n, is_uniform(a, v));
    } else if (tag != CUSTOM && SHAPE[tag] == LIST && !is_uniform(a, v)) {
        const uint32_t begin = a->listed;
        for (uint32_t i = 0; i < n; i++) {
            list_operand(a, x[i]);
        }
        emit_list(a, v, tag, begin, 0);
    } else {
        emit_generic(a, v, tag);
    }
}

/* ── what is to be had of a value ──────────────────────────────────────────────────────────────────────────────── */

static inline int is_summed_product(const Assembler *a, uint32_t v)
{
    return v >= a->first && v < a->values && a->uses[v] == 1 && !is_uniform(a, v) && !a->fused[v].tag
           && a->first_root[v] != NONE && a->roots[a->first_root[v]].tag == TAG_add_up
           && (tag_of(a, v) == TAG_multiply || (tag_of(a, v) == TAG_chain && !is_uniform(a, operands_of(a, v)[0])));
}

/* Add x·y up. */
static void emit_adder(Assembler *a, uint32_t sum, uint16_t tag, uint32_t x, uint32_t y)
{
    const uint32_t begin = a->listed;
    list_operand(a, x);
    list_operand(a, y);
    emit_list(a, sum, tag, begin, 0);
}

/* What is the same for all lanes is handed on as a varying value, which has a number of its own beyond all others. */
static void emit_root(Assembler *a, uint32_t root)
{
    const Root wanted = a->roots[root];
    uint32_t v = wanted.value;
    if (wanted.tag == 0) {
        return;
    }
    if (is_uniform(a, v)) {
        const uint32_t lanes = a->one + 1 + root;
        emit_direct(a, lanes, TAG_spread, &v, 1, 0);
        v = lanes;
    }
    if (wanted.tag == TAG_add_up) {
        a->code->results[root] = a->code->sums++;
        emit_adder(a, a->code->results[root], TAG_add_up_products, v, a->one);
        return;
    }
    a->checked[root] = wanted.tag == TAG_check;
    emit_direct(a, wanted.number, wanted.tag, &v, 1, 0);
}

static void emit_summed_product(Assembler *a, uint32_t v)
{
    const uint32_t *factors = operands_of(a, v), turned = is_uniform(a, factors[0]) && tag_of(a, v) == TAG_multiply;
    const uint16_t tag = tag_of(a, v) == TAG_chain ? TAG_add_up_chains : TAG_add_up_products;
    a->code->results[a->first_root[v]] = a->code->sums;
    emit_adder(a, a->code->sums++, tag, factors[turned], factors[!turned]);
}

/* Guards may be checked in another order than they are asked in; a lane can leave when those asked before are checked. */
static void emit_leave(Assembler *a)
{
    const uint32_t before = a->in_order;
    while (a->in_order < a->root_count && a->checked[a->in_order]) {
        a->in_order++;
    }
    if (before < a->in_order && a->in_order < a->root_count) {
        new_step(a, 0, TAG_leave, a->in_order);
    }
}

static void emit_roots(Assembler *a, uint32_t v)
{
    if (is_summed_product(a, v)) {
        emit_summed_product(a, v);
        return;
    }
    for (uint32_t root = a->first_root[v]; root != NONE; root = a->next_root[root]) {
        emit_root(a, root);
    }
    emit_leave(a);
}

static void emit(Assembler *a, int lanes)
{
    for (uint32_t v = a->first; v < a->values; v++) {
        if ((a->marks[v] & (NEEDED | ABSORBED)) != NEEDED) {
            continue;
        }
        if (!is_summed_product(a, v)) {
            emit_value(a, v);
        }
        if (lanes) {
            emit_roots(a, v);
        }
    }
    for (uint32_t v = 0; lanes && v < a->first; v++) {
        emit_roots(a, v);
    }
}

/* ── places: values become scalars and slots ───────────────────────────────────────────────────────────────────── */

/* Note which step needs a value last. A scalar that tiles need stays. */
static void note_last_uses(Assembler *a, Step *steps, uint32_t count, uint32_t kind)
{
    for (uint32_t k = 0, n; k < count; k++) {
        const uint32_t *x = references(a->code, &steps[k], &n);
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t v = VALUE(x[i]);
            if ((x[i] & SCALAR_BIT) == kind) {
                a->last[v] = k;
            } else {
                a->marks[v] |= KEPT;
            }
        }
    }
}

/* List the slots that are in use where lanes leave. */
static void list_used(Assembler *a, Step *step, uint32_t used)
{
    memset(a->is_free, 0, used);
    for (uint32_t i = 0; i < a->free_count; i++) {
        a->is_free[a->free_places[i]] = 1;
    }
    step->operand[0] = a->listed;
    for (uint32_t place = 0; place < used; place++) {
        if (!a->is_free[place]) {
            a->code->lists[a->listed++] = place;
        }
    }
    step->operand[1] = a->listed - step->operand[0];
}

/* Replace values by places. A place is given back after its last use; the one given back last is taken first, since it
   is most likely in the cache; the result may take that of an operand. Lanes leave only where more steps than there are
   slots have been done since they could last, for the others have to move. Return how many steps are left. */
static uint32_t give_places(Assembler *a, Step *steps, uint32_t count, uint32_t kind, uint32_t *used)
{
    uint32_t kept = 0, left = 0;
    a->free_count = 0;
    for (uint32_t k = 0, n; k < count; k++) {
        Step *step = &steps[kept];
        *step = steps[k];
        if (step->tag == TAG_leave) {
            if (kept - left >= *used) {
                list_used(a, step, *used);
                left = kept++;
            }
            continue;
        }
        kept++;
        uint32_t *x = references(a->code, step, &n);
        const uint32_t keep = SHAPE[step->tag] == LIST ? SCALAR_BIT | STRONG_BIT : 0;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t v = VALUE(x[i]), mine = (x[i] & SCALAR_BIT) == kind;
            if (mine && a->last[v] == k && !(a->marks[v] & KEPT)) {
                a->last[v] = NONE;
                a->free_places[a->free_count++] = a->place[v];
            }
            x[i] = a->place[v] | (x[i] & keep);
        }
        if (has_result(step->tag)) {
            const uint32_t place = a->free_count > 0 ? a->free_places[--a->free_count] : (*used)++;
            a->place[step->out] = place;
            step->out = place;
        }
    }
    return kept;
}

/* Do scalar steps in strips, if that is worth it, and nobody in Python sees in which order; return whether it is. */
static int plan_strips(Assembler *a)
{
    Code *code = a->code;
    Strips strips = {0};
    const int worth = code->scalar_step_count >= SHORTEST_STRIP && !code->calls_python
                      && reserve_strips(&strips, code, a->values + 2) && find_strips(&strips, a->values + 2, a->place);
    if (worth) {
        place_strips(&strips, code, a->place, a->marks, KEPT);
    }
    release_strips(&strips);
    return worth;
}

static void plan(Assembler *a)
{
    Code *code = a->code;
    for (uint32_t v = 0; v < a->first; v++) {
        a->marks[v] |= is_uniform(a, v) ? KEPT : 0; /* inputs and constants stay for the next run */
        a->place[v] = v;
    }
    a->marks[a->zero] |= KEPT;
    a->marks[a->one] |= KEPT;
    code->zero = a->place[a->zero] = a->first;
    code->one = a->place[a->one] = a->first + 1;
    code->scalars = a->first + 2;
    note_last_uses(a, code->steps, code->step_count, 0);
    if (!plan_strips(a)) {
        note_last_uses(a, code->scalar_steps, code->scalar_step_count, SCALAR_BIT);
        give_places(a, code->scalar_steps, code->scalar_step_count, SCALAR_BIT, &code->scalars);
    }
    code->step_count = give_places(a, code->steps, code->step_count, 0, &code->slots);
}

/* ── all of it ─────────────────────────────────────────────────────────────────────────────────────────────────── */

static void *grow_array(size_t count, size_t size) { return PyMem_RawCalloc(count ? count : 1, size); }

static int reserve(Assembler *a)
{
    const size_t values = (size_t)a->values + 2 + a->root_count, steps = a->source.steps;
    const size_t most_steps = steps + 2 * (size_t)a->source.inputs + 3 * (size_t)a->root_count;
    const size_t lists = 2 * (a->source.starts[steps] + 3 * steps + 1) /* what is fused is listed with what it is fused to,
                                                                         and once more if it is joined to others */
                         + 2 * (size_t)a->root_count + most_steps;     /* so many slots are in use where lanes leave */
    Code *code = a->code;
    a->operands = grow_array(a->source.starts[steps], sizeof *a->operands);
    a->marks = grow_array(values, sizeof *a->marks);
    a->checked = grow_array(a->root_count, sizeof *a->checked);
    a->is_free = grow_array(values, sizeof *a->is_free);
    a->uses = grow_array(values, sizeof *a->uses);
    a->first_use = grow_array(values, sizeof *a->first_use);
    a->last = grow_array(values, sizeof *a->last);
    a->place = grow_array(values, sizeof *a->place);
    a->first_root = grow_array(values, sizeof *a->first_root);
    a->next_root = grow_array(a->root_count, sizeof *a->next_root);
    a->free_places = grow_array(values, sizeof *a->free_places);
    a->sums = grow_array(values, sizeof *a->sums);
    a->fused = grow_array(values, sizeof *a->fused);
    code->scalar_steps = grow_array(steps, sizeof(Step));
    code->steps = grow_array(most_steps, sizeof(Step));
    code->lists = grow_array(lists, sizeof *code->lists);
    code->results = grow_array(a->root_count, sizeof *code->results);
    code->apart = grow_array(a->root_count, sizeof *code->apart);
    code->uniforms.all = grow_array(a->source.inputs, sizeof(Span));
    code->outputs.all = grow_array(a->root_count, sizeof(Span));
    return a->operands && a->marks && a->uses && a->first_use && a->last && a->place && a->first_root && a->next_root && a->free_places && a->sums
           && a->fused && a->checked && a->is_free && code->scalar_steps && code->steps && code->lists
           && code->results && code->apart && code->uniforms.all && code->outputs.all;
}

static void release(Assembler *a)
{
    void *all[] = {a->operands, a->marks, a->uses, a->first_use, a->last, a->place, a->first_root, a->next_root, a->free_places,
                   a->sums, a->fused, a->checked, a->is_free};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        PyMem_RawFree(all[i]);
    }
}

static void free_code(Code *code)
{
    void *all[] = {code->scalar_steps, code->steps, code->lists, code->results, code->apart, code->uniforms.all,
                   code->outputs.all};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        PyMem_RawFree(all[i]);
    }
    *code = (Code){0};
}

/* Return the array with no more room than it needs, if that can be had. */
static void *trimmed(void *array, size_t count, size_t size)
{
    void *smaller = PyMem_RawRealloc(array, count ? count * size : 1);
    return smaller != NULL ? smaller : array;
}

/* Note what is copied before and after a run. */
static void note_spans(Assembler *a, int lanes)
{
    Code *code = a->code;
    for (uint32_t v = 0; v < a->source.inputs; v++) {
        if (is_uniform(a, v)) {
            add_place(&code->uniforms, v);
        }
    }
    for (uint32_t i = 0; !lanes && i < a->root_count; i++) {
        add_place(&code->outputs, code->results[i]);
    }
    code->uniforms.all = trimmed(code->uniforms.all, code->uniforms.spans, sizeof(Span));
    code->outputs.all = trimmed(code->outputs.all, code->outputs.spans, sizeof(Span));
}

/* Write the code that computes the roots, in tiles if there are `lanes`, else for a single one, all of it in scalars.
   Return whether there was memory. */
static int assemble(Code *code, Source source, Root *roots, uint32_t root_count, int lanes)
{
    Assembler a = {.source = source, .roots = roots, .root_count = root_count, .code = code};
    a.first = source.inputs + source.constants;
    a.zero = a.values = a.first + source.steps;
    a.one = a.zero + 1;
    *code = (Code){0};
    const int enough = reserve(&a);
    if (enough) {
        memset(a.first_root, 0xFF, ((size_t)a.values + 2 + root_count) * sizeof *a.first_root);
        memcpy(a.operands, source.operands, source.starts[source.steps] * sizeof *a.operands);
        a.source.operands = a.operands;
        replace_conditions(&a);
        mark_uniform(&a);
        a.marks[a.zero] = a.marks[a.one] = UNIFORM;
        set_apart(&a);
        mark_needed(&a);
        fuse(&a);
        emit(&a, lanes);
        join_steps(code, (size_t)a.values + 2 + root_count, &a.listed, source.exact);
        for (uint32_t i = 0; i < root_count; i++) {
            a.marks[roots[i].value] |= lanes ? 0 : KEPT;
        }
        plan(&a);
        for (uint32_t i = 0; i < root_count; i++) {
            code->results[i] = lanes ? code->results[i] : a.place[roots[i].value];
            code->apart[i] = code->apart[i] == NONE ? NONE : a.place[code->apart[i]];
        }
        note_spans(&a, lanes);
        if (!source.exact) {
            part_sums(code);
        }
        code->scalar_steps = trimmed(code->scalar_steps, code->scalar_step_count, sizeof(Step));
        code->steps = trimmed(code->steps, code->step_count, sizeof(Step));
        code->lists = trimmed(code->lists, a.listed, sizeof *code->lists);
    } else {
        free_code(code);
    }
    release(&a);
    return enough;
}

#endif
