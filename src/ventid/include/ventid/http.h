/*
 * Just enough of HTTP to be looked at: GET and HEAD, one request a
 * connection.
 */
#ifndef VENTID_HTTP_H
#define VENTID_HTTP_H

#include <base/buf.h>
#include <base/u.h>

enum { HTTPHEAD = 8192, HTTPPATH = 512, HTTPARGS = 16, HTTPARG = 128 };

typedef struct HttpArg {
	char name[HTTPARG], value[HTTPARG];
} HttpArg;

typedef struct HttpReq {
	bool head; /* no body is wanted */
	char path[HTTPPATH];
	HttpArg arg[HTTPARGS];
	int narg;
} HttpReq;

/* http_whole says whether n bytes hold a request with all its headers. */
bool http_whole(const char *p, size_t n);

/* http_parse takes a request's first line apart: 200, or the status that says what is wrong with it. */
int http_parse(const char *p, size_t n, HttpReq *r) must_use;

/* http_arg returns an argument of the query, def if it is not there or empty; http_number as a number. */
const char *http_arg(const HttpReq *r, const char *name, const char *def);
i64 http_number(const HttpReq *r, const char *name, i64 def);

/* http_reason says a status in words; http_escape appends s fit for HTML or XML. */
const char *http_reason(int status);
void http_escape(Buf *b, const char *s);

#endif
