/* venti.conf. */
#include <stdlib.h>
#include <string.h>
#include <arena/conf.h>
#include <arena/disk.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>

static const char magic[] = "venti config\n";

enum { MAGIC = sizeof magic - 1 };

int conf_size(const char *s, u64 *v)
{
	static const char unit[] = "kmgt";
	autofree char *digits = mem_str(s);
	size_t n = strlen(digits);
	const char *u = n > 0 ? strchr(unit, digits[n - 1] | 0x20) : NULL;
	int shift = u != NULL ? 10 * (int)(u - unit + 1) : 0;

	if (shift > 0)
		digits[n - 1] = 0;
	if (str_u64(digits, digits[0] == '0' && (digits[1] | 0x20) == 'x' ? 0 : 10, UINT64_MAX >> shift, v) < 0)
		return werrstr("'%s' is not a size: it takes a number and perhaps k, m, g or t", s);
	*v <<= shift;
	return 0;
}

typedef enum Kind { KText, KList, KSize, KFlag, KPack, KIgnore } Kind;

typedef struct Word {
	const char *name;
	Kind kind;
	size_t at, n; /* the field; of a list also its counter */
} Word;

#define FIELD(f) offsetof(VtConf, f)

static const Word words[] = {
	{ "index", KText, FIELD(index), 0 },
	{ "arenas", KList, FIELD(arenas), FIELD(narenas) },
	{ "isect", KList, FIELD(isect), FIELD(nisect) },
	{ "mirror", KList, FIELD(mirror), FIELD(nmirror) },
	{ "bloom", KText, FIELD(bloom), 0 },
	{ "addr", KText, FIELD(addr), 0 },
	{ "httpaddr", KText, FIELD(httpaddr), 0 },
	{ "webroot", KText, FIELD(webroot), 0 },
	{ "mem", KSize, FIELD(mem), 0 },
	{ "bcmem", KSize, FIELD(bcmem), 0 },
	{ "icmem", KSize, FIELD(icmem), 0 },
	{ "queuewrites", KFlag, FIELD(queuewrites), 0 },
	{ "compress", KPack, FIELD(pack), 0 },
	{ "mgr", KIgnore, 0, 0 },
};

static const Word *conf_word(const char *name)
{
	for (size_t i = 0; i < nelem(words); i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static int conf_text1(char **field, const char *name, const char *val)
{
	if (*field != NULL)
		return werrstr("a second line '%s'", name);
	*field = mem_str(val);
	return 0;
}

static int conf_list1(VtConf *c, const Word *w, const char *val)
{
	char ***list = (char ***)(void *)((char *)c + w->at);
	int *n = (int *)(void *)((char *)c + w->n);

	if (*n == CONFLIST)
		return werrstr("more than %d lines '%s'", CONFLIST, w->name);
	*list = mem_grow(*list, (size_t)*n + 1, sizeof **list);
	(*list)[(*n)++] = mem_str(val);
	return 0;
}

static int conf_size1(u64 *field, const char *name, const char *val)
{
	if (*field != 0)
		return werrstr("a second line '%s'", name);
	if (conf_size(val, field) < 0)
		return -1;
	return *field == 0 ? werrstr("%s of 0 bytes", name) : 0;
}

static int conf_pack1(ConfPack *p, const char *val)
{
	static const char *const name[] = { "none", "whack", "zstd" };

	for (size_t i = 0; i < nelem(name); i++)
		if (strcmp(val, name[i]) == 0) {
			*p = (ConfPack)i;
			return 0;
		}
	return werrstr("compress '%s': it takes none, whack or zstd", val);
}

static int conf_line(VtConf *c, char *line)
{
	char *f[4];
	int n = str_fields(line, f, nelem(f), " \t\r");
	const Word *w;
	void *field;

	if (n == 0 || *f[0] == 0)
		return 0;
	w = conf_word(f[0]);
	if (w == NULL)
		return werrstr("'%s' is not known", f[0]);
	if (w->kind == KIgnore)
		return 0;
	if (n != (w->kind == KFlag ? 1 : 2))
		return werrstr("'%s' takes %s", f[0], w->kind == KFlag ? "nothing" : "one value");
	field = (char *)c + w->at;
	switch (w->kind) {
	case KText: return conf_text1(field, f[0], f[1]);
	case KList: return conf_list1(c, w, f[1]);
	case KSize: return conf_size1(field, f[0], f[1]);
	case KPack: return conf_pack1(field, f[1]);
	default: *(bool *)field = true; return 0;
	}
}

VtConf *conf_parse(const char *text, size_t n, const char *file)
{
	VtConf *c = mem_new(sizeof *c);
	const char *end = text + n;
	int lineno = 1;

	for (const char *s = text, *e; s < end; s = e + 1, lineno++) {
		const char *hash;
		autofree char *line = NULL;

		e = memchr(s, '\n', (size_t)(end - s));
		if (e == NULL)
			e = end;
		hash = memchr(s, '#', (size_t)(e - s));
		line = mem_strn(s, (size_t)((hash != NULL ? hash : e) - s));
		if (conf_line(c, line + strspn(line, " \t\r")) < 0) {
			autofree char *why = mem_str(rerrstr());

			conf_free(c);
			(void)werrstr("%s:%d: %s", file, lineno, why);
			return NULL;
		}
	}
	return c;
}

void conf_free(VtConf *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < c->narenas; i++)
		free(c->arenas[i]);
	for (int i = 0; i < c->nisect; i++)
		free(c->isect[i]);
	for (int i = 0; i < c->nmirror; i++)
		free(c->mirror[i]);
	free(c->mirror);
	free(c->arenas);
	free(c->isect);
	free(c->index);
	free(c->bloom);
	free(c->addr);
	free(c->httpaddr);
	free(c->webroot);
	free(c);
}

static char *conf_whole(Disk *d, u64 off, size_t n)
{
	char *p = mem_new(n + 1);

	if (disk_read(d, p, n, off) == 0)
		return p;
	free(p);
	return NULL;
}

static char *conf_inpart(Disk *d)
{
	char *p = conf_whole(d, CONFOFF, CONFMAX);

	if (p == NULL)
		return NULL;
	if (memcmp(p, magic, MAGIC) == 0) {
		memmove(p, p + MAGIC, CONFMAX + 1 - MAGIC);
		return p;
	}
	free(p);
	(void)werrstr("%s: it has no configuration at 248k: venti/conf -w puts one there", d->name);
	return NULL;
}

char *conf_text(const char *path)
{
	Disk *d = disk_open(path, DiskRead);
	char *text = NULL;

	if (d == NULL)
		return NULL;
	if (d->size > CONFOFF + CONFMAX)
		text = conf_inpart(d);
	else if (d->size > CONFMAX)
		(void)werrstr("%s: %llu bytes are too many for a configuration: 8 KB is the most", path,
			(unsigned long long)d->size);
	else
		text = conf_whole(d, 0, (size_t)d->size);
	disk_close(d);
	return text;
}

VtConf *conf_read(const char *path)
{
	autofree char *text = conf_text(path);

	return text != NULL ? conf_parse(text, strlen(text), path) : NULL;
}

int conf_install(const char *path, const char *text)
{
	char block[CONFMAX] = { 0 };
	size_t n = strlen(text);
	Disk *d;
	int rc;

	if (n + MAGIC >= CONFMAX)
		return werrstr("the configuration is too long: it may have %d bytes", CONFMAX - MAGIC - 1);
	if ((d = disk_open(path, DiskWrite)) == NULL)
		return -1;
	memcpy(block, magic, MAGIC);
	memcpy(block + MAGIC, text, n);
	rc = d->size < CONFOFF + CONFMAX ? werrstr("%s: too small for a partition", path) :
		disk_write(d, block, sizeof block, CONFOFF) < 0 || disk_sync(d) < 0 ? -1 : 0;
	disk_close(d);
	return rc;
}
