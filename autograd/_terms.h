/* Terms: a long sum of products of scalars, taken in any order.

   Added up in order, each term waits for the one before. So where order need not be kept, a sum is done in eight parts;
   and as strips are, terms of one kind whose factors stand side by side are found, and taken together as a *run*: from
   one of them to the next, each factor moves on by one place, or stays. */

#ifndef AUTOGRAD_TERMS_H
#define AUTOGRAD_TERMS_H

#include "_strips.h"

enum { FEWEST_TERMS = 8 };   /* shorter sums are done in order */
enum { WORDS_OF_A_RUN = 3 }; /* in a list: the first factors, with the SCALAR_BIT if they stay, and how many terms */

/* Terms that go on from x·y, the first of them; x has the STRONG_BIT where it belongs. A move is 0, 1, or -1. */
typedef struct Run {
    uint32_t x, y, move_x, move_y, terms;
} Run;

static inline int may_move(uint32_t by) { return by == 0 || by == 1 || by == UINT32_MAX; }

/* Whether a term x·y continues a run; if so, it does. The second term says where the run goes. */
static int goes_on_with(Run *run, uint32_t x, uint32_t y)
{
    const uint32_t last = run->terms - 1;
    const uint32_t move_x = x - (run->x + last * run->move_x), move_y = y - (run->y + last * run->move_y);
    const int goes_on = last > 0 ? move_x == run->move_x && move_y == run->move_y
                                 : may_move(move_x) && may_move(move_y) && move_x + move_y != 0;
    if (goes_on) {
        *run = (Run){run->x, run->y, move_x, move_y, run->terms + 1};
    }
    return goes_on;
}

/* Find the runs of a list of pairs, each term going on with one of those that the last few terms went on with. Return
   how many there are. */
static uint32_t find_runs(Run *runs, const uint32_t *pair, uint32_t terms)
{
    uint32_t open[OPEN_STRIPS], opened = 0, count = 0;
    for (const uint32_t *const end = pair + 2 * terms; pair < end; pair += 2) {
        const uint32_t x = pair[0] & ~SCALAR_BIT, y = pair[1] & ~SCALAR_BIT;
        uint32_t i = 0;
        while (i < OPEN_STRIPS && i < opened && !goes_on_with(&runs[open[i]], x, y)) {
            i++;
        }
        if (i == OPEN_STRIPS || i == opened) {
            runs[count] = (Run){x, y, 0, 0, 1};
            open[opened++ % OPEN_STRIPS] = count++;
        }
    }
    return count;
}

/* Write the eights of runs, forward, then pair by pair what is left of each; set how many of both there are. */
static void write_runs(const Run *runs, uint32_t count, uint32_t *to, Step *step)
{
    step->operand[1] = step->operand[2] = 0;
    for (const Run *run = runs; run < runs + count; run++) {
        const uint32_t terms = run->terms & ~7u, back = (run->move_x | run->move_y) == UINT32_MAX ? terms - 1 : 0;
        if (terms > 0) {
            *to++ = (run->x + back * run->move_x) | (run->move_x == 0 ? SCALAR_BIT : 0);
            *to++ = (run->y + back * run->move_y) | (run->move_y == 0 ? SCALAR_BIT : 0);
            *to++ = terms;
            step->operand[1]++;
        }
    }
    for (const Run *run = runs; run < runs + count; run++) {
        for (uint32_t k = run->terms & ~7u; k < run->terms; k++) {
            *to++ = run->x + k * run->move_x;
            *to++ = run->y + k * run->move_y;
            step->operand[2]++;
        }
    }
}

/* Do the long sums among the scalar steps, which have their places by now, in parts: in a list, runs take the place of
   pairs, and need less. Without memory, sums stay as they are. */
static void part_sums(Code *code)
{
    Run *const runs = PyMem_RawMalloc(((size_t)code->longest_list / 2 + 1) * sizeof *runs);
    Step *const end = code->scalar_steps + code->scalar_step_count;
    for (Step *step = code->scalar_steps; runs != NULL && step < end; step += step->tag == TAG_strip ? 2 : 1) {
        const uint32_t terms = step->operand[1] / 2;
        if (step->tag == TAG_sum && terms >= FEWEST_TERMS) {
            uint32_t *const pairs = code->lists + step->operand[0] + 1;
            step->tag = TAG_sum_in_parts;
            write_runs(runs, find_runs(runs, pairs, terms), pairs, step);
        }
    }
    PyMem_RawFree(runs);
}

#endif
