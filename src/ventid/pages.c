#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/clock.h>
#include "pages.h"

enum { FILEMAX = 16 << 20 };

void page_fail(Page *p, int status, const char *why)
{
	p->status = status;
	p->type = "text/plain; charset=utf-8";
	p->body.n = 0;
	buf_printf(&p->body, "%d %s: %s\n", status, http_reason(status), why);
}

static void front(Ventid *v, const HttpReq *r, Page *p)
{
	static const char *const link[] = { "index", "xindex", "storage", "graph?arg=rpctotal&graph=diff", "graph?arg=*&graph=netbw",
		"log", "set", "stats", "stats.json", "metrics" };

	p->type = "text/html; charset=utf-8";
	buf_str(&p->body, "<!DOCTYPE html><title>venti</title>\n<h1>venti</h1>\n<ul>\n");
	for (size_t i = 0; i < sizeof link / sizeof *link; i++) {
		buf_str(&p->body, "<li><a href=\"/");
		http_escape(&p->body, link[i]);
		buf_str(&p->body, "\">/");
		http_escape(&p->body, link[i]);
		buf_str(&p->body, "</a>\n");
	}
	buf_str(&p->body, "</ul>\n");
}

static void index_page(Ventid *v, const HttpReq *r, Page *p) { store_report(v->o.store, StoreIndex, &p->body); }
static void storage(Ventid *v, const HttpReq *r, Page *p) { store_report(v->o.store, StoreStorage, &p->body); }

static void xindex(Ventid *v, const HttpReq *r, Page *p)
{
	p->type = "text/xml; charset=utf-8";
	store_report(v->o.store, StoreXindex, &p->body);
}

static void stats(Ventid *v, const HttpReq *r, Page *p)
{
	for (int i = 0; i < NSTAT; i++)
		buf_printf(&p->body, "%s=%llu\n", stats_name((Stat)i), (unsigned long long)stats_get(&v->stats, (Stat)i));
}

static void json(Ventid *v, const HttpReq *r, Page *p)
{
	autobuf Buf figures = { 0 };

	p->type = "application/json";
	buf_printf(&p->body, "{\"uptime\":%lld,\"readonly\":%s,\"server\":{", (long long)(clock_wall() - v->began),
		v->o.readonly ? "true" : "false");
	for (int i = 0; i < NSTAT; i++)
		buf_printf(&p->body, "%s\"%s\":%llu", i > 0 ? "," : "", stats_name((Stat)i),
			(unsigned long long)stats_get(&v->stats, (Stat)i));
	buf_printf(&p->body, "},\"store\":{\"kind\":\"%s\"", v->o.store->name);
	store_stats(v->o.store, &figures);
	if (figures.n > 0)
		buf_printf(&p->body, ",%s", figures.p);
	buf_str(&p->body, "}}\n");
}

/* store_metrics turns the numbers of the store's JSON into metrics; in "a":{"b":1} the name is a_b. */
static void store_metrics(Ventid *v, Buf *out)
{
	autobuf Buf j = { 0 };
	char outer[64] = "";

	store_stats(v->o.store, &j);
	for (const char *s = buf_text(&j); (s = strchr(s, '"')) != NULL;) {
		const char *end = strchr(s + 1, '"');
		int n = end != NULL ? (int)(end - s - 1) : 0;

		if (end == NULL)
			break;
		if (n < 60 && end[1] == ':' && (end[2] == '-' || (end[2] >= '0' && end[2] <= '9')))
			buf_printf(out, "venti_store_%s%.*s %.*s\n", outer, n, s + 1, (int)strspn(end + 2, "-+.0123456789eE"),
				end + 2);
		else if (n < 60 && end[1] == ':' && end[2] == '{')
			snprintf(outer, sizeof outer, "%.*s_", n, s + 1);
		else if (end[1] == '}')
			outer[0] = '\0';
		s = end + 1 + strcspn(end + 1, "\"}");
		if (*s == '}')
			outer[0] = '\0';
	}
}

static void metrics(Ventid *v, const HttpReq *r, Page *p)
{
	p->type = "text/plain; version=0.0.4; charset=utf-8";
	for (int i = 0; i < NSTAT; i++) {
		const char *name = stats_name((Stat)i), *total = i == StatConns ? "" : "_total";

		buf_printf(&p->body, "# HELP venti_%s%s %s\n# TYPE venti_%s%s %s\nventi_%s%s %llu\n", name, total,
			stats_what((Stat)i), name, total, i == StatConns ? "gauge" : "counter", name, total,
			(unsigned long long)stats_get(&v->stats, (Stat)i));
	}
	buf_printf(&p->body, "# HELP venti_held_bytes bytes kept for slow clients\n# TYPE venti_held_bytes gauge\nventi_held_bytes %llu\n",
		(unsigned long long)__atomic_load_n(&v->held, __ATOMIC_RELAXED));
	buf_printf(&p->body, "# TYPE venti_uptime_seconds gauge\nventi_uptime_seconds %lld\n", (long long)(clock_wall() - v->began));
	store_metrics(v, &p->body);
}

static void logs(Ventid *v, const HttpReq *r, Page *p)
{
	const char *name = r->path[4] == '/' ? r->path + 5 : http_arg(r, "log", "");
	autobuf Buf text = { 0 };
	int which = log_find(name);

	if (*name != '\0' && which < 0) {
		page_fail(p, 404, "there is no such log");
		return;
	}
	p->type = "text/html; charset=utf-8";
	if (which < 0) {
		buf_str(&p->body, "<!DOCTYPE html><title>Venti Server Logs</title>\n<b>Venti Server Logs</b>\n<p>\n");
		for (int i = 0; i < NLOG; i++)
			buf_printf(&p->body, "<a href=\"/log?log=%s\">%s</a><br>\n", log_name((LogName)i), log_name((LogName)i));
		return;
	}
	log_text(&v->logs, (LogName)which, &text);
	buf_printf(&p->body, "<!DOCTYPE html><title>Venti Server Log: %s</title>\n<b>Venti Server Log: %s</b>\n<pre>\n", name, name);
	http_escape(&p->body, buf_text(&text));
	buf_str(&p->body, "</pre>\n");
}

static void logging(Ventid *v, const char *value, Buf *b)
{
	bool was = __atomic_load_n(&v->logrpc, __ATOMIC_RELAXED);

	if (value != NULL)
		__atomic_store_n(&v->logrpc, *value != '0', __ATOMIC_RELAXED);
	buf_printf(b, "logging = %d", __atomic_load_n(&v->logrpc, __ATOMIC_RELAXED));
	if (value != NULL)
		buf_printf(b, " (was %d)", was);
	buf_ch(b, '\n');
}

static void set(Ventid *v, const HttpReq *r, Page *p)
{
	const char *name = http_arg(r, "name", NULL), *value = http_arg(r, "value", NULL);

	if (name == NULL || strcmp(name, "logging") == 0)
		logging(v, name != NULL ? value : NULL, &p->body);
	if ((name == NULL || strcmp(name, "logging") != 0) && store_set(v->o.store, name, name != NULL ? value : NULL, &p->body) < 0)
		page_fail(p, 400, rerrstr());
}

/* flush answers once everything is on the disk: what Plan 9 keeps in two caches is one store here. */
static void flush(Ventid *v, const HttpReq *r, Page *p)
{
	if (!v->o.readonly && (store_sync(v->o.store) < 0 || store_flush(v->o.store) < 0))
		page_fail(p, 500, rerrstr());
	else
		buf_printf(&p->body, "flushed %s\n", r->path + strlen("/flush"));
}

static const char *type_of(const char *path)
{
	static const char *const type[][2] = { { ".html", "text/html; charset=utf-8" }, { ".txt", "text/plain; charset=utf-8" },
		{ ".css", "text/css" }, { ".js", "text/javascript" }, { ".xml", "text/xml" }, { ".png", "image/png" },
		{ ".gif", "image/gif" }, { ".svg", "image/svg+xml" } };

	for (size_t i = 0; i < sizeof type / sizeof *type; i++)
		if (str_suffix(path, type[i][0]))
			return type[i][1];
	return "application/octet-stream";
}

/* file sends a file below the web root, and nothing outside it. */
static void file(Ventid *v, const HttpReq *r, Page *p)
{
	autofd int root = v->o.webroot != NULL ? open(v->o.webroot, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1, fd = -1;
	autofree char *path = mem_str(r->path[1] != '\0' ? r->path + 1 : "index.html");
	ssize_t n = 0;
	Finfo fi;

	if (root >= 0)
		fd = at_open(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, AtFollow | AtBeneath);
	if (fd >= 0 && at_stat(fd, "", &fi) == 0 && at_isdir(&fi)) {
		autofree char *dir = path;

		path = mem_printf("%s/index.html", dir);
		close(fd);
		fd = at_open(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, AtFollow | AtBeneath);
	}
	if (fd < 0 || at_stat(fd, "", &fi) < 0 || !at_isfile(&fi)) {
		page_fail(p, 404, "there is no such page");
		return;
	}
	if (fi.size > FILEMAX) {
		page_fail(p, 500, "the file is larger than 16 MB");
		return;
	}
	n = io_readn(fd, buf_room(&p->body, fi.size), fi.size);
	if (n < 0) {
		page_fail(p, 500, rerrstr());
		return;
	}
	p->body.n += (size_t)n;
	p->type = type_of(path);
}

static const struct {
	const char *path;
	void (*make)(Ventid *, const HttpReq *, Page *);
} pages[] = {
	{ "/index", index_page },
	{ "/xindex", xindex },
	{ "/storage", storage },
	{ "/stats", stats },
	{ "/stats.json", json },
	{ "/metrics", metrics },
	{ "/graph", graph_make },
	{ "/log", logs },
	{ "/set", set },
	{ "/flushicache", flush },
	{ "/flushdcache", flush },
};

void page_make(Ventid *v, const HttpReq *r, Page *p)
{
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (strcmp(r->path, pages[i].path) == 0) {
			pages[i].make(v, r, p);
			return;
		}
	if (str_prefix(r->path, "/log/"))
		logs(v, r, p);
	else if (strcmp(r->path, "/") == 0 && v->o.webroot == NULL)
		front(v, r, p);
	else
		file(v, r, p);
}
