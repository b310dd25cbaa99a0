/* Kernels of sums that are joined (`_join.h`): a product of matrices, of which a block of four sums by a few vectors stays
   in registers, as in GotoBLAS (Goto, van de Geijn, Anatomy of high-performance matrix multiplication, 2008). */

#if VECTOR_BYTES == 64
#define PLUS_PRODUCT(SUM, X, Y) ((Vector)_mm512_fmadd_pd((__m512d)(X), (__m512d)(Y), (__m512d)(SUM)))
#elif VECTOR_BYTES == 32
#define PLUS_PRODUCT(SUM, X, Y) ((Vector)_mm256_fmadd_pd((__m256d)(X), (__m256d)(Y), (__m256d)(SUM)))
#else
#define PLUS_PRODUCT(SUM, X, Y) ((SUM) + (X) * (Y))
#endif

enum { LANES(MOST_BLOCK_EIGHTS) = WIDTH == 8 ? 5 : 1 };

/* Where up to four sums find what they need. */
typedef struct LANES(Rows) {
    const uint32_t *factor, *weight[4]; /* in their lists, where every other operand is one */
    const double *initial[4], *last[4]; /* what the lists begin and end with */
    double *out[4];
    uint32_t pairs, strong, from_slots; /* how many factors; whether adjoints are among them; what the sums begin with */
} LANES(Rows);

static INLINE TARGET LANES(Rows) LANES(rows_of)(const Step *sum, int many, const Tile *tile)
{
    LANES(Rows) rows = {.pairs = pairs_of(sum), .strong = tile->lists[sum->operand[0] + 1] & STRONG_BIT};
    rows.factor = tile->lists + sum->operand[0] + (rows.strong ? 1 : 2);
    rows.from_slots = !(rows.factor[rows.strong ? -1 : -2] & SCALAR_BIT);
    for (int q = 0; q < many; q++) {
        const uint32_t *const list = tile->lists + sum[q].operand[0];
        rows.weight[q] = list + (rows.strong ? 2 : 1);
        rows.initial[q] = listed(tile, *list, 0);
        rows.last[q] = slot(tile, VALUE(list[sum[q].operand[1] - 1]));
        rows.out[q] = slot(tile, sum[q].out);
    }
    return rows;
}

/* Take sums from lane i on. Chains are taken for products, as in sum_strip, and what relu returned for a number; return
   whether they may be. */
static INLINE TARGET int LANES(sum_block)(const LANES(Rows) *rows, int many, const Tile *tile, ptrdiff_t i, int vectors,
                                          int ending)
{
    const double *const slots = tile->slots + i;
    Vector sum[4][8 * LANES(MOST_BLOCK_EIGHTS) / WIDTH];
    Mask wild = {0};
    UNROLLED for (int q = 0; q < many; q++) {
        const Vector initial = LANES(broadcast)(rows->from_slots ? 0.0 : *rows->initial[q]);
        UNROLLED for (int k = 0; k < vectors; k++) {
            sum[q][k] = initial;
        }
    }
    for (uint32_t n = 0; n < 2 * rows->pairs; n += 2) {
        const double *const x = slots + (ptrdiff_t)VALUE(rows->factor[n]) * tile->lanes;
        Vector x_k[8 * LANES(MOST_BLOCK_EIGHTS) / WIDTH];
        UNROLLED for (int k = 0; k < vectors; k++) {
            x_k[k] = LANES(read)(x + k * WIDTH);
        }
        UNROLLED for (int q = 0; q < many; q++) {
            const Vector weight = LANES(broadcast)(tile->scalars[VALUE(rows->weight[q][n])]);
            UNROLLED for (int k = 0; k < vectors; k++) {
                sum[q][k] = PLUS_PRODUCT(sum[q][k], x_k[k], weight);
            }
        }
    }
    if (rows->from_slots) {
        UNROLLED for (int q = 0; q < many; q++) {
            UNROLLED for (int k = 0; k < vectors; k++) {
                sum[q][k] += LANES(read)(rows->initial[q] + i + k * WIDTH);
            }
        }
    }
    if (rows->strong) {
        UNROLLED for (int q = 0; q < many; q++) {
            UNROLLED for (int k = 0; k < vectors; k++) {
                wild |= LANES(wildness)(sum[q][k]);
            }
        }
    }
    UNROLLED for (int q = 0; q < many; q++) {
        UNROLLED for (int k = 0; k < vectors; k++) {
            if (ending == RELU_OF_SUM) {
                sum[q][k] = LANES(relu_of)(sum[q][k]);
            } else if (ending == RELU_CHAIN_OF_SUM) {
                const Vector z = LANES(read)(rows->last[q] + i + k * WIDTH);
                wild |= LANES(wildness)(z);
                sum[q][k] = (Vector)((Mask)sum[q][k] & (Mask)(z > (Vector){0}));
            }
        }
    }
    if (LANES(is_anything_in)(wild)) {
        return 0;
    }
    UNROLLED for (int q = 0; q < many; q++) {
        UNROLLED for (int k = 0; k < vectors; k++) {
            memcpy(rows->out[q] + i + k * WIDTH, &sum[q][k], sizeof sum[q][k]);
        }
    }
    return 1;
}

/* Take sums one by one, lane by lane. */
static TARGET __attribute__((noinline)) void LANES(sums_looking)(const Step *sum, int many, const Tile *tile,
                                                                 ptrdiff_t begin, ptrdiff_t end, int ending)
{
    for (int q = 0; q < many; q++) {
        double *const out = slot(tile, sum[q].out);
        const double *const z = slot(tile, VALUE(tile->lists[sum[q].operand[0] + sum[q].operand[1] - 1]));
        LANES(sum_looking)(sum + q, tile, begin, end);
        for (ptrdiff_t i = begin; i < end; i++) {
            out[i] = ending == RELU_OF_SUM ? f_relu(out[i]) : ending == RELU_CHAIN_OF_SUM ? f_relu_chain(z[i], out[i]) : out[i];
        }
    }
}

/* Take up to four sums, so many lanes at once as there are registers for. */
static INLINE TARGET void LANES(sum_rows)(const Step *sum, int many, const Tile *tile, int ending)
{
    const ptrdiff_t eights = in_eights(tile->count) / 8, most = LANES(MOST_BLOCK_EIGHTS);
    const LANES(Rows) rows = LANES(rows_of)(sum, many, tile);
    for (ptrdiff_t done = 0, next, blocks = (eights + most - 1) / most; blocks > 0; blocks--, done += next) {
        next = (eights - done + blocks - 1) / blocks;
        switch (next) {
#define BLOCK_OF(EIGHTS) \
    case EIGHTS: \
        if (EIGHTS <= LANES(MOST_BLOCK_EIGHTS) \
            && !LANES(sum_block)(&rows, many, tile, 8 * done, EIGHTS * 8 / WIDTH, ending)) { \
            LANES(sums_looking)(sum, many, tile, 8 * done, 8 * (done + EIGHTS), ending); \
        } \
        break;
            BLOCK_OF(1) BLOCK_OF(2) BLOCK_OF(3) BLOCK_OF(4) BLOCK_OF(5)
#undef BLOCK_OF
        }
    }
}

/* All sums that are joined to this one, and this one. */
#define SUMS_ENDING(ENDING) \
    static TARGET void LANES(sums_##ENDING)(const Step *step, const Tile *tile) \
    { \
        const Step *sum = step - step->operand[2]; \
        for (; step - sum >= 3; sum += 4) { \
            LANES(sum_rows)(sum, 4, tile, ENDING); \
        } \
        switch (step - sum + 1) { \
        case 1: LANES(sum_rows)(sum, 1, tile, ENDING); break; \
        case 2: LANES(sum_rows)(sum, 2, tile, ENDING); break; \
        case 3: LANES(sum_rows)(sum, 3, tile, ENDING); break; \
        } \
    }
SUMS_ENDING(0)
SUMS_ENDING(1)
SUMS_ENDING(2)

#undef SUMS_ENDING
#undef PLUS_PRODUCT
