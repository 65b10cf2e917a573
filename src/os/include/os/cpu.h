/*
 * On which processors this process runs.
 */
#ifndef OS_CPU_H
#define OS_CPU_H

#include <base/u.h>

enum { CPUMAX = 1024 }; /* processors with higher numbers are left out */

/* cpu_list puts the numbers of the processors that this process may use into cpu[most] and returns how many. */
int cpu_list(int *cpu, int most);

/* cpu_only keeps this process on one processor; cpu_any lets it run on all that cpu_list knew of. */
void cpu_only(int cpu);
void cpu_any(void);

#endif
