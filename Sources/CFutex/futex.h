// Waiting on a word of memory, and what a wait depends on: Swift cannot call `syscall`, which is
// variadic, and does not see RUSAGE_THREAD.
#ifndef CFUTEX_H
#define CFUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Sleeps while `*word` is `expected`; may also return for no reason.
static inline void futex_wait(const void *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, (void *)0, (void *)0, 0);
}

// Wakes up to `count` threads that sleep on `word`.
static inline void futex_wake(const void *word, uint32_t count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count);
}

// Tells the core that it is in a spin: frees its shared resources, saves power.
static inline void spin_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// How often this thread has lost its core to others while it could have gone on; 0 if unknown.
static inline long thread_preemptions(void) {
    enum { rusage_thread = 1 }; // RUSAGE_THREAD, which takes _GNU_SOURCE.
    struct rusage usage;
    return getrusage(rusage_thread, &usage) == 0 ? usage.ru_nivcsw : 0;
}

#endif
