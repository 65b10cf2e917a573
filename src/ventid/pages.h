/* What the HTTP service shows. */
#ifndef VENTID_PAGES_H
#define VENTID_PAGES_H

#include <base/buf.h>
#include <ventid/http.h>
#include "impl.h"

typedef struct Page {
	int status;
	const char *type;
	Buf body;
} Page;

/* page_make answers r; may block (flushes, files). */
void page_make(Ventid *v, const HttpReq *r, Page *p);

/* page_fail makes p an error page. */
void page_fail(Page *p, int status, const char *why);

/* graph_make is /graph: a counter, or a figure of two, over time. */
void graph_make(Ventid *v, const HttpReq *r, Page *p);

#endif
