// Types alone: the library is opened where it is asked for.
#include <cblas.h>

typedef __typeof__(&cblas_sgemm) cblas_sgemm_function;
typedef void (*openblas_set_num_threads_function)(int);
