/* Joining: sums of the same factors, which differ in their weights, are taken together, and so are products that are
   added up over all lanes. A layer of neurons, its derivatives by its inputs and by its weights are products of matrices,
   and their kernels (`_together.h`, `add_products`) read each factor once for several sums.

   Steps name values yet. A joined step stands right before the one it is done with. Sums move up to the first one of
   theirs, for what that one needs is there, and relu of a sum, or what relu passes on of one, is done with it. What is
   added up over all lanes moves down to the last one, for nothing waits for it: first products x·y of the same x, whose
   sums have consecutive numbers, become one *row*, a list of x and of all y; then rows of the same y are joined. */

#ifndef AUTOGRAD_JOIN_H
#define AUTOGRAD_JOIN_H

#include "_code.h"

enum { MOST_JOINED = 16, JOINED_SPAN = 512 }; /* so many steps, so far apart: their results are kept for as long */
enum { MOST_CANDIDATES = 64 };                /* are looked at */

typedef struct Joining {
    Code *code;
    uint32_t *listed;          /* where the lists end */
    Step *steps;               /* in their new order */
    uint32_t count;
    uint32_t *uses, *reader;   /* per value: how many steps refer to it, and the last of them */
    uint8_t *is_there;         /* per value: whether one of the steps so far returns it */
    uint32_t *next, *latest;   /* per step, a later one that may have the same factors, or NONE; per bucket, the first */
    uint32_t *before;          /* per step that adds up, the one that is joined to it, or NONE */
    uint8_t *is_done;          /* per step */
} Joining;

/* ── factors ───────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What steps may have in common: every `stride`-th operand from the first one on. */
typedef struct Factors {
    const uint32_t *first;
    uint32_t count, stride;
} Factors;

static inline int is_sum(uint16_t tag) { return tag == TAG_sum || tag == TAG_sum_of_2 || tag == TAG_sum_of_3; }
static inline int is_adder(uint16_t tag) { return tag == TAG_add_up_products || tag == TAG_add_up_chains; }

/* The slots of a sum, if all else is the same for all lanes, and if all pairs are chains or none is. */
static Factors factors_of_sum(const uint32_t *pair, uint32_t pairs)
{
    const uint32_t strong = pair[0] & STRONG_BIT, slot = strong ? 0 : 1;
    for (uint32_t k = 0; k < pairs; k++) {
        const uint32_t *x = pair + 2 * k;
        if ((x[0] & STRONG_BIT) != strong || x[slot] & SCALAR_BIT || !(x[!slot] & SCALAR_BIT)) {
            return (Factors){0};
        }
    }
    return (Factors){pair + slot, pairs, 2};
}

/* What a step adds up has its first factor for itself. */
static Factors factors_of(const Code *code, const Step *step)
{
    const uint32_t *list = code->lists + step->operand[0];
    return is_sum(step->tag)     ? factors_of_sum(list + 1, pairs_of(step))
           : is_adder(step->tag) ? (Factors){list + 1, step->operand[1] - 1, 1}
                                 : (Factors){0};
}

/* And sums both begin with a scalar, or with a slot. */
static int have_same_factors(const Code *code, const Step *one, const Step *other)
{
    const Factors x = factors_of(code, one), y = factors_of(code, other);
    const uint32_t x_begins = code->lists[one->operand[0]], y_begins = code->lists[other->operand[0]];
    int same = x.count == y.count && x.stride == y.stride
               && (is_sum(one->tag) ? !((x_begins ^ y_begins) & SCALAR_BIT) : one->tag == other->tag);
    for (uint32_t k = 0; same && k < x.count; k++) {
        same = x.first[k * x.stride] == y.first[k * y.stride];
    }
    return same;
}

static inline uint32_t bucket_of(Factors x, uint32_t mask)
{
    uint32_t mixed = x.stride;
    for (uint32_t k = 0; k < x.count; k++) {
        mixed = (mixed ^ x.first[k * x.stride]) * UINT32_C(0x9E3779B1); /* the golden section of 2³² */
    }
    return (mixed ^ mixed >> 16) & mask;
}

/* Link each step to the next one that is likely to have the same factors. */
static void link_steps(Joining *j, uint32_t mask)
{
    for (uint32_t k = j->code->step_count; k-- > 0;) {
        const Factors x = factors_of(j->code, &j->code->steps[k]);
        if (x.count > 0 && !j->is_done[k]) {
            uint32_t *latest = &j->latest[bucket_of(x, mask)];
            j->next[k] = *latest;
            *latest = k;
        }
    }
}

static void count_uses(Joining *j)
{
    for (uint32_t k = 0, n; k < j->code->step_count; k++) {
        const uint32_t *x = references(j->code, &j->code->steps[k], &n);
        for (uint32_t i = 0; i < n; i++) {
            j->uses[VALUE(x[i])]++;
            j->reader[VALUE(x[i])] = k;
        }
    }
}

/* ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Add an operand to the list of a step: where it stands if it is the last list, else in a copy. */
static void list_too(Joining *j, Step *step, uint32_t operand)
{
    uint32_t *const lists = j->code->lists;
    if (step->operand[0] + step->operand[1] != *j->listed) {
        memcpy(lists + *j->listed, lists + step->operand[0], step->operand[1] * sizeof *lists);
        step->operand[0] = *j->listed;
        *j->listed += step->operand[1];
    }
    lists[(*j->listed)++] = operand;
    step->operand[1]++;
}

/* Whether the product that a step adds up goes on with a row. */
static int goes_on_with_row(const Code *code, const Step *row, const Step *step)
{
    const uint32_t *x = code->lists + row->operand[0], *y = code->lists + step->operand[0];
    return row->tag == step->tag && x[0] == y[0] && step->out == row->out + row->operand[1] - 1
           && !((x[1] | y[1]) & SCALAR_BIT);
}

/* Make rows of products, each where its last product stands. */
static void make_rows(Joining *j)
{
    Step *const steps = j->code->steps;
    uint32_t row = NONE, begin = 0;
    for (uint32_t k = 0; k < j->code->step_count; k++) {
        if (!is_adder(steps[k].tag)) {
            continue;
        }
        if (row != NONE && k - begin <= JOINED_SPAN && goes_on_with_row(j->code, &steps[row], &steps[k])) {
            list_too(j, &steps[row], j->code->lists[steps[k].operand[0] + 1]);
            steps[k] = steps[row];
            j->is_done[row] = 1;
        } else {
            begin = k;
        }
        row = k;
    }
}

/* ── a new order ───────────────────────────────────────────────────────────────────────────────────────────────── */

static void put(Joining *j, Step step)
{
    j->steps[j->count++] = step;
    if (has_result(step.tag)) {
        j->is_there[step.out] = 1;
    }
}

/* Return the ending of a sum: relu, or what relu passes on, if nothing else needs it. */
static uint16_t ending_of(const Joining *j, const Step *sum)
{
    const Step *after = &j->code->steps[j->reader[sum->out]];
    if (j->uses[sum->out] != 1) {
        return PLAIN_SUM;
    }
    if (after->tag == TAG_relu) {
        return RELU_OF_SUM;
    }
    return after->tag == TAG_relu_chain && after->variant == 0 && after->operand[1] == sum->out
           && j->is_there[after->operand[0]] ? RELU_CHAIN_OF_SUM : PLAIN_SUM;
}

static void end_with(Joining *j, Step *sum, uint16_t ending)
{
    sum->variant = ending;
    if (ending == PLAIN_SUM) {
        return;
    }
    const uint32_t reader = j->reader[sum->out];
    if (ending == RELU_CHAIN_OF_SUM) {
        list_too(j, sum, j->code->steps[reader].operand[0]);
    }
    sum->out = j->code->steps[reader].out;
    j->is_done[reader] = 1;
}

/* Put the sums with the factors of step k; return whether there are others than that one. They end alike. */
static int put_sums(Joining *j, uint32_t k)
{
    const Step *steps = j->code->steps;
    uint32_t joined[MOST_JOINED] = {k}, count = 1, looked_at = 0;
    uint16_t ending = ending_of(j, &steps[k]);
    for (uint32_t n = j->next[k]; n != NONE && n - k <= JOINED_SPAN && count < MOST_JOINED
                                  && looked_at++ < MOST_CANDIDATES; n = j->next[n]) {
        const uint32_t initial = j->code->lists[steps[n].operand[0]];
        if (!j->is_done[n] && have_same_factors(j->code, &steps[k], &steps[n])
            && (initial & SCALAR_BIT || j->is_there[initial])) {
            joined[count++] = n;
            ending = ending_of(j, &steps[n]) == ending ? ending : PLAIN_SUM;
        }
    }
    for (uint32_t i = 0; count > 1 && i < count; i++) {
        Step sum = steps[joined[i]];
        sum.tag = i + 1 < count ? TAG_joined_sum : TAG_sums;
        sum.operand[2] = i;
        end_with(j, &sum, ending);
        put(j, sum);
        j->is_done[joined[i]] = 1;
    }
    return count > 1;
}

/* Leave step k, which adds up, to the last one of the same factors; return whether there is another one than that. */
static int leave_to_last(Joining *j, uint32_t k)
{
    uint32_t last = k, count = 1, looked_at = 0;
    for (uint32_t n = j->next[k]; j->before[k] == NONE && n != NONE && n - k <= JOINED_SPAN && count < MOST_JOINED
                                  && looked_at++ < MOST_CANDIDATES; n = j->next[n]) {
        if (!j->is_done[n] && j->before[n] == NONE && have_same_factors(j->code, &j->code->steps[k], &j->code->steps[n])) {
            j->before[n] = last;
            j->is_done[last] = 1;
            last = n;
            count++;
        }
    }
    return last != k;
}

/* Put what adds up, with what has been left to it. */
static void put_adders(Joining *j, uint32_t k)
{
    uint32_t joined[MOST_JOINED], count = 0;
    for (uint32_t n = k; n != NONE; n = j->before[n]) {
        joined[count++] = n;
    }
    for (uint32_t i = 0; i < count; i++) {
        Step adder = j->code->steps[joined[count - 1 - i]];
        adder.tag = i + 1 < count ? TAG_joined_adder : adder.tag;
        adder.operand[2] = i;
        put(j, adder);
    }
}

static void put_all(Joining *j, int exact)
{
    for (uint32_t k = 0; k < j->code->step_count; k++) {
        const Step *step = &j->code->steps[k];
        if (j->is_done[k] || (!exact && is_sum(step->tag) && put_sums(j, k))) {
            continue;
        }
        if (!is_adder(step->tag)) {
            put(j, *step);
        } else if (!leave_to_last(j, k)) {
            put_adders(j, k);
        }
    }
}

/* ── all of it ─────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Join steps. As they read each factor once for several sums, whose products need not be rounded for themselves, sums are
   joined only where code need not be `exact`. If there is no memory for it, nothing is joined. */
static void join_steps(Code *code, size_t values, uint32_t *listed, int exact)
{
    const size_t steps = code->step_count;
    uint32_t mask = 1;
    while (mask < steps) {
        mask = 2 * mask + 1;
    }
    Joining j = {.code = code, .listed = listed};
    j.steps = PyMem_RawMalloc((steps + 1) * sizeof *j.steps);
    j.uses = PyMem_RawCalloc(2 * values + 1, sizeof *j.uses);
    j.is_there = PyMem_RawCalloc(values + steps + 1, sizeof *j.is_there);
    j.next = PyMem_RawMalloc((2 * steps + mask + 1) * sizeof *j.next);
    if (j.steps && j.uses && j.is_there && j.next) {
        memset(j.next, 0xFF, (2 * steps + mask + 1) * sizeof *j.next); /* NONE */
        j.reader = j.uses + values;
        j.is_done = j.is_there + values;
        j.before = j.next + steps;
        j.latest = j.before + steps;
        make_rows(&j);
        link_steps(&j, mask);
        count_uses(&j);
        put_all(&j, exact);
        memcpy(code->steps, j.steps, j.count * sizeof *j.steps);
        code->step_count = j.count;
    }
    PyMem_RawFree(j.steps);
    PyMem_RawFree(j.uses);
    PyMem_RawFree(j.is_there);
    PyMem_RawFree(j.next);
}

#endif
