#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/clock.h>
#include "log.h"

static const char *const names[NLOG] = { "server", "store", "rpc" };

const char *log_name(LogName which) { return names[which]; }

int log_find(const char *name)
{
	for (int i = 0; i < NLOG; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

void log_init(Logs *l)
{
	*l = (Logs){ 0 };
	lock_init(&l->lock, RankLeaf);
	for (int i = 0; i < NLOG; i++)
		l->ring[i] = mem_new(LOGSIZE);
}

void log_free(Logs *l)
{
	for (int i = 0; i < NLOG; i++)
		free(l->ring[i]);
}

void log_add(Logs *l, LogName which, const char *fmt, ...)
{
	time_t now = (time_t)clock_wall();
	char line[600];
	struct tm tm;
	size_t n;
	va_list arg;

	localtime_r(&now, &tm);
	n = strftime(line, sizeof line, "%Y/%m%d %H:%M:%S ", &tm);
	va_start(arg, fmt);
	vsnprintf(line + n, sizeof line - n - 1, fmt, arg);
	va_end(arg);
	n = strlen(line);
	line[n++] = '\n';
	lock(&l->lock);
	for (size_t i = 0; i < n; i++)
		l->ring[which][l->n[which]++ % LOGSIZE] = line[i];
	unlock(&l->lock);
	if (which == LogStore || l->debug)
		(void)!write(2, line, n);
}

void log_text(Logs *l, LogName which, Buf *b)
{
	u64 i;

	lock(&l->lock);
	i = l->n[which] > LOGSIZE ? l->n[which] - LOGSIZE : 0;
	if (i > 0) /* the oldest line has lost its beginning */
		while (i < l->n[which] && l->ring[which][i++ % LOGSIZE] != '\n')
			;
	for (; i < l->n[which]; i++)
		buf_ch(b, l->ring[which][i % LOGSIZE]);
	unlock(&l->lock);
}
