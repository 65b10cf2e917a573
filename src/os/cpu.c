#include <sched.h>
#include <os/cpu.h>

static cpu_set_t all;
static bool known;

int cpu_list(int *cpu, int most)
{
	int n = 0;

	known = sched_getaffinity(0, sizeof all, &all) == 0;
	for (int i = 0; known && i < CPUMAX && i < CPU_SETSIZE && n < most; i++)
		if (CPU_ISSET((size_t)i, &all))
			cpu[n++] = i;
	return n;
}

void cpu_only(int cpu)
{
	cpu_set_t one;

	if (!known || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}

void cpu_any(void)
{
	if (known)
		sched_setaffinity(0, sizeof all, &all);
}
