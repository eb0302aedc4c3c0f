#include <numa.h>
#include <numaif.h>

// <sched.h> has it for GNU sources alone, which Swift's modules are not.
int sched_getcpu(void);
