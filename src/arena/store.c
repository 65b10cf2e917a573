/* The calls of a Store that are the same for every back end. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <arena/store.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>

void store_read(Store *s, StoreReq *r, int n) { s->op->read(s, r, n); }
void store_write(Store *s, StoreReq *r, int n) { s->op->write(s, r, n); }
int store_sync(Store *s) { return s->op->sync(s); }
void store_stats(Store *s, Buf *json) { s->op->stats(s, json); }
void store_close(Store *s) { s->op->close(s); }
int store_flush(Store *s) { return s->op->flush != NULL ? s->op->flush(s) : 0; }

void store_report(Store *s, StoreReport what, Buf *text)
{
	if (s->op->report != NULL) {
		s->op->report(s, what, text);
		return;
	}
	if (what == StoreXindex) {
		buf_printf(text, "<index name=\"%s\">\n</index>\n", s->name);
		return;
	}
	buf_printf(text, "index=%s\n", s->name);
	store_stats(s, text);
	buf_ch(text, '\n');
}

int store_set(Store *s, const char *name, const char *value, Buf *text)
{
	if (s->op->set != NULL)
		return s->op->set(s, name, value, text);
	return name == NULL ? 0 : werrstr("%s not found", name);
}

void store_fail(StoreReq *r, const char *fmt, ...)
{
	char text[ERRMAX];
	va_list arg;

	va_start(arg, fmt);
	vsnprintf(text, sizeof text, fmt, arg);
	va_end(arg);
	free(r->err);
	r->err = mem_str(text);
	r->failed = true;
}
