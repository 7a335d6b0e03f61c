/* Train small multilayer perceptrons: LANES models at once, one a SIMD lane, or one model alone, with
   LANES rows of the data at once. A model's bits are the same either way. */

#include "network.h"
#include "optimizers.h"

static const double SAM_EPSILON = 1e-12, ASAM_ETA = 0.01;

struct group {
    int32_t models;              /* LANES or 1 */
    const real *weights;         /* [models][parameters] */
    const double *learning_rate; /* [models][steps] */
    const double *weight_decay;  /* [models] */
    const int32_t *decoupled;    /* [models], whether it is beside the step */
    const double *rho;           /* [models], NaN: no SAM */
    const int32_t *sam_adaptive; /* [models] */
    const int32_t *optimizer;    /* [models], enum optimizer */
    const double *momentum;      /* [models], of SGD */
    const int32_t *nesterov;     /* [models] */
    const double *stop_at;       /* [models], a training error to stop at; NaN: none */
    const int64_t *order_of;     /* [models] */
    real *final_weights;         /* [models][parameters] */
    double *train_loss;          /* [models][epochs] */
    double *test_mse;            /* [models][epochs] */
    double *validation_mse;      /* [models][epochs], not written without such rows */
    double *train_mse;           /* [models] */
    int32_t *epochs_run;         /* [models] */
    int32_t *stopped;            /* [models], whether stop_at was reached */
    real *snapshots;             /* [models][snapshots][parameters] */
};

/* ---- sharpness-aware minimization ---- */

/* The norm of each model's gradient. The squares are added up in eight sums, for speed. */
static vector gradient_norm(const struct state *s)
{
    if (s->layout == MODELS) {
        vector squares[8] = {{0}};
        for (long p = 0; p < s->parameters; p++)
            squares[p % 8] = fused(s->gradient[p], s->gradient[p], squares[p % 8]);
        for (int k = 1; k < 8; k++) squares[0] += squares[k];
        return square_root(squares[0]);
    }
    real *gradient = (real *)s->gradient, squares[8] = {0};
    for (long p = s->parameters; p % 8; p++) gradient[p] = 0;
    for (long p = 0; p < s->parameters; p += 8)
        UNROLL for (int k = 0; k < 8; k++)
            squares[k] = fused_real(gradient[p + k], gradient[p + k], squares[k]);
    for (int k = 1; k < 8; k++) squares[0] += squares[k];
    return square_root(fill(squares[0]));
}

/* Adaptive SAM's T_w g: T_w is |w| + ASAM_ETA for a weight, and 1 for a bias. */
static void scale_gradient(struct state *s)
{
    for (long p = 0; p < s->vectors; p++) {
        vector w = s->weights[p], size = choose(w < 0, -w, w) + (real)ASAM_ETA;
        s->gradient[p] *= choose(s->scaled[p] != 0, size, fill(1));
    }
}

/* Sharpness-aware minimization (Foret et al. 2021, eq. 2 and algorithm 1): the gradient of the
   step is taken at w + epsilon, epsilon = rho g / ||g||, one norm over all parameters; adaptive
   (Kwon et al. 2021, algorithm 1, and the authors' code): epsilon = rho T_w^2 g / ||T_w g||. */
static void perturb(struct state *s, mask sam, vector rho)
{
    if (s->any_adaptive) scale_gradient(s);
    vector scale = rho / (gradient_norm(s) + (real)SAM_EPSILON);
    if (s->any_adaptive) scale_gradient(s);
    for (long p = 0; p < s->vectors; p++)
        s->perturbed[p] =
            choose(sam, fused(scale, s->gradient[p], s->weights[p]), s->weights[p]);
}

/* ---- training ---- */

/* Parameter i of model m: one model's are in a row, those of many side by side. */
static void hand_out(const struct state *s, const struct group *group, int m, real *to)
{
    for (long i = 0; i < s->parameters; i++)
        to[i] = ((const real *)s->weights)[i * group->models + m];
}

static void finish(const struct state *s, const struct group *group, int m, double train_mse)
{
    hand_out(s, group, m, group->final_weights + m * s->parameters);
    group->train_mse[m] = train_mse;
}

/* Hands out the weights of model m where they are wanted after this epoch. */
static void take_snapshots(const struct state *s, const struct group *group, int m, int epoch)
{
    const struct problem *p = s->problem;
    for (int64_t k = 0; k < p->snapshots; k++)
        if (p->snapshot_epochs[k] == epoch + 1)
            hand_out(s, group, m, group->snapshots + (m * p->snapshots + k) * s->parameters);
}

static void train(struct state *s, const struct group *group)
{
    const struct problem *p = s->problem;
    const int n = p->train_rows, epochs = p->epochs;
    const int models = s->layout == MODELS ? LANES : 1;
    const int64_t steps_per_epoch = (n + (int64_t)p->batch_size - 1) / p->batch_size;
    int any_sam = 0, any_stop = 0, adam[LANES], running[LANES];
    mask sam;
    vector rho;
    struct step step = {.any_momentum = 0};
    for (int l = 0; l < LANES; l++) {
        int m = l % models;
        enum optimizer rule = group->optimizer[m];
        step.followers[rule][l] = -1;
        step.count[rule]++;
        step.momentum[l] = (real)group->momentum[m];
        step.nesterov[l] = group->nesterov[m] ? -1 : 0;
        step.any_momentum |= group->momentum[m] != 0;
        adam[l] = rule == ADAM || rule == ADAMW;
        any_sam |= !isnan(group->rho[m]);
        sam[l] = isnan(group->rho[m]) ? 0 : -1;
        rho[l] = (real)group->rho[m];
        any_stop |= !isnan(group->stop_at[m]);
        running[l] = 1;
        group->epochs_run[m] = epochs;
        group->stopped[m] = 0;
    }

    double beta1_power = 1, beta2_power = 1;
    int64_t t = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        const int32_t *of_model[LANES], *const *order = p->order ? of_model : NULL;
        for (int m = 0; order && m < models; m++)
            of_model[m] = p->order + (group->order_of[m] * epochs + epoch) * n;
        double loss[LANES] = {0};
        for (int start = 0; start < n; start += p->batch_size, t++) {
            int rows = n - start < p->batch_size ? n - start : p->batch_size;
            batch_gradient(s, s->weights, order, start, rows, loss);
            if (any_sam) {
                perturb(s, sam, rho);
                batch_gradient(s, s->perturbed, order, start, rows, NULL);
            }
            beta1_power *= BETA1;
            beta2_power *= BETA2;
            for (int l = 0; l < LANES; l++) {
                int m = l % models;
                double rate = group->learning_rate[m * (epochs * steps_per_epoch) + t];
                double decay = group->weight_decay[m];
                step.size[l] = (real)(adam[l] ? rate / (1 - beta1_power) : rate);
                step.l2[l] = (real)(group->decoupled[m] ? 0 : decay);
                step.shrink[l] = (real)(group->decoupled[m] ? 1 - rate * decay : 1);
            }
            step.scale_second = fill((real)(1 / sqrt(1 - beta2_power)));
            move(&step, s->vectors, s->gradient, s->weights, s->first_moment, s->second_moment);
        }

        double test_mse[LANES], validation_mse[LANES] = {0}, train_mse[LANES];
        evaluate(s, p->test_x, p->test_y, p->test_rows, test_mse);
        if (p->validation_rows)
            evaluate(s, p->validation_x, p->validation_y, p->validation_rows, validation_mse);
        if (any_stop) evaluate(s, p->train_x, p->train_y, n, train_mse);
        int going = 0;
        for (int m = 0; m < models; m++) {
            if (!running[m]) continue; /* the lane goes on, and nobody looks */
            group->train_loss[(int64_t)m * epochs + epoch] = loss[m] / n;
            group->test_mse[(int64_t)m * epochs + epoch] = test_mse[m];
            if (p->validation_rows)
                group->validation_mse[(int64_t)m * epochs + epoch] = validation_mse[m];
            if (!(isfinite(loss[m]) && isfinite(test_mse[m]) && isfinite(validation_mse[m]))) {
                group->epochs_run[m] = epoch;
                running[m] = 0;
                continue;
            }
            take_snapshots(s, group, m, epoch);
            if (any_stop && train_mse[m] <= group->stop_at[m]) {
                group->epochs_run[m] = epoch + 1;
                group->stopped[m] = 1;
                running[m] = 0;
                finish(s, group, m, train_mse[m]);
            }
            going |= running[m];
        }
        if (!going) break;
    }
    double train_mse[LANES];
    evaluate(s, p->train_x, p->train_y, n, train_mse);
    for (int m = 0; m < models; m++)
        if (!group->stopped[m]) finish(s, group, m, train_mse[m]);
}

/* Sub-normal numbers are flushed to zero: dead ReLUs would decay into them, and arithmetic on them
   is tens of times slower. */
static unsigned long flush_subnormals(void)
{
    unsigned long before = 0;
#if defined __SSE__
    before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
#elif defined __aarch64__
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | 1ul << 24));
#endif
    return before;
}

static void restore_control(unsigned long before)
{
#if defined __SSE__
    _mm_setcsr((unsigned)before);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

int genboost_lanes(void)
{
    return LANES;
}

/* Returns 0, or 1 if there is not enough memory. */
int genboost_train(const struct problem *problem, const struct group *group)
{
    const size_t features = problem->features, hidden = problem->hidden_layers;
    const size_t width = hidden ? problem->width : 0, outputs = problem->outputs;
    const size_t widest = width > outputs ? width : outputs;
    size_t parameters = 0;
    for (int layer = 0; layer <= problem->hidden_layers; layer++)
        parameters += (inputs_of(problem, layer) + 1) * (size_t)outputs_of(problem, layer);

    const enum layout layout = group->models == 1 ? ROWS : MODELS;
    const size_t block = layout == MODELS ? BLOCK : BLOCK / LANES;
    const size_t columns = columns_for(features > width ? features : width);
    struct state s = {
        .problem = problem,
        .layout = layout,
        .block = (long)block,
        .parameters = (long)parameters,
        .vectors = (long)(layout == MODELS ? parameters : (parameters + LANES - 1) / LANES),
    };
    for (int m = 0; m < group->models; m++) s.any_adaptive |= group->sam_adaptive[m];
    const size_t vectors = s.vectors + 1 + 8 / LANES; /* some to spare: lay_out, gradient_norm */
    const struct {
        vector **array;
        size_t size;
    } arrays[] = {
        {&s.weights, vectors},
        {&s.perturbed, vectors},
        {&s.gradient, vectors},
        {&s.first_moment, vectors},
        {&s.second_moment, vectors},
        {&s.scaled, s.any_adaptive ? vectors : 0},
        {&s.input, block * features + LANES},
        {&s.activations, hidden * block * width},
        {&s.slopes, hidden * block * width},
        {&s.delta, block * widest},
        {&s.next_delta, block * widest},
        {&s.units, layout == ROWS ? BLOCK * columns : 0},
        {&s.row_gradient, layout == ROWS ? (hidden + 1) * widest * columns : 0},
        {&s.outputs, block * outputs},
        {&s.expected, outputs > 1 ? block : 0},
    };
    const int count = sizeof arrays / sizeof *arrays;
    int failed = 0;
    for (int k = 0; k < count; k++) {
        size_t bytes = (arrays[k].size ? arrays[k].size : 1) * sizeof(vector);
        if ((*arrays[k].array = aligned_alloc(sizeof(vector), bytes)))
            memset(*arrays[k].array, 0, bytes);
        else
            failed = 1;
    }
    s.rows = (struct rows){
        .outputs = s.outputs,
        .prediction = outputs > 1 ? s.expected : s.outputs,
        .surprise = s.surprise,
        .target = s.target,
    };
    if (!failed) {
        for (size_t i = 0; i < parameters; i++)
            for (int m = 0; m < group->models; m++) {
                size_t at = i * group->models + m;
                ((real *)s.weights)[at] = group->weights[m * parameters + i];
                if (s.any_adaptive)
                    ((real *)s.scaled)[at] = problem->is_weight[i] && group->sam_adaptive[m];
            }
        unsigned long control = flush_subnormals();
        train(&s, group);
        restore_control(control);
    }
    for (int k = 0; k < count; k++) free(*arrays[k].array);
    return failed;
}
