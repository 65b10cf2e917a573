/*
 * The parser makes one copy of the text and cuts it into attr and val
 * strings in place; entries and pairs are arrays.  A line that begins with
 * white space goes on the entry before it.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/ndb.h>

enum { MAXPAIRS = 4096 }; /* of one entry */
#define Blanks " \t"

struct Ndb {
	char *text;
	NdbEntry *e;
	int n;
};

static void add_pair(NdbEntry *e, char *attr, char *val, int line)
{
	if ((e->npair & (e->npair - 1)) == 0)
		e->pair = mem_grow(e->pair, (size_t)e->npair * 2 + 1, sizeof e->pair[0]);
	e->pair[e->npair++] = (NdbPair){ attr, val, line };
}

static NdbEntry *add_entry(Ndb *db, int lineno)
{
	if ((db->n & (db->n - 1)) == 0)
		db->e = mem_grow(db->e, (size_t)db->n * 2 + 1, sizeof db->e[0]);
	db->e[db->n] = (NdbEntry){ .lineno = lineno };
	return &db->e[db->n++];
}

/* uncomment ends a line at the first # outside quotes. */
static void uncomment(char *s)
{
	bool quoted = false;

	for (; *s != '\0' && (quoted || *s != '#'); s++)
		if (*s == '"')
			quoted = !quoted;
	*s = '\0';
}

/* cut ends the word at s, which runs to one of the bytes in set, and returns where the line goes on. */
static char *cut(char *s, const char *set)
{
	s += strcspn(s, set);
	if (*s != '\0')
		*s++ = '\0';
	return s;
}

/* line parses the pairs of one line into e: attr, attr=val, attr="a val" */
static int line(NdbEntry *e, char *s, int no)
{
	static char none[] = "";

	uncomment(s);
	for (s += strspn(s, Blanks); *s != '\0'; s += strspn(s, Blanks)) {
		char *attr = s, *val = none;
		bool bare;

		s += strcspn(s, "=" Blanks);
		if (s == attr)
			return werrstr("a value without an attribute: %.32s", s);
		bare = *s != '=';
		if (*s != '\0')
			*s++ = '\0';
		if (!bare) {
			bool quoted = *s == '"';

			val = s + quoted;
			if (quoted && strchr(val, '"') == NULL)
				return werrstr("the value of %s has no closing quote", attr);
			s = cut(val, quoted ? "\"" : Blanks);
		}
		if (e->npair == MAXPAIRS)
			return werrstr("more than %d pairs in one entry", MAXPAIRS);
		add_pair(e, attr, val, no);
	}
	return 0;
}

static bool blank(const char *s)
{
	s += strspn(s, Blanks);
	return *s == '\0' || *s == '#';
}

static int parse(Ndb *db, const char *file)
{
	char *s = db->text, *next;
	NdbEntry *e = NULL;
	int no = 0;

	for (int lineno = 1; s != NULL; s = next, lineno++) {
		next = strchr(s, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (s[0] != '\0' && s[strlen(s) - 1] == '\r')
			s[strlen(s) - 1] = '\0';
		if (blank(s))
			continue;
		if (*s == ' ' || *s == '\t') {
			if (e == NULL)
				return werrstr("%s:%d: an indented line before any entry", file, lineno);
			no++;
		} else {
			e = add_entry(db, lineno);
			no = 0;
		}
		if (line(e, s, no) < 0)
			return werrstr("%s:%d: %s", file, lineno, rerrstr());
	}
	return 0;
}

Ndb *ndb_parse(const char *text, size_t n, const char *file)
{
	Ndb *db;

	if (memchr(text, '\0', n) != NULL) {
		werrstr("%s: not a text file: it has a NUL byte", file);
		return NULL;
	}
	db = mem_new(sizeof *db);
	db->text = mem_strn(text, n);
	if (parse(db, file) < 0) {
		ndb_free(db);
		return NULL;
	}
	return db;
}

int ndb_count(const Ndb *db)
{
	return db->n;
}

const NdbEntry *ndb_entry(const Ndb *db, int i)
{
	return &db->e[i];
}

const char *ndb_get(const NdbEntry *e, const char *attr)
{
	for (int i = 0; i < e->npair; i++)
		if (strcmp(e->pair[i].attr, attr) == 0)
			return e->pair[i].val;
	return NULL;
}

int ndb_next(const Ndb *db, int i, const char *attr, const char *val)
{
	while (++i < db->n) {
		const NdbEntry *e = &db->e[i];

		for (int j = 0; j < e->npair; j++)
			if (strcmp(e->pair[j].attr, attr) == 0 && (val == NULL || strcmp(e->pair[j].val, val) == 0))
				return i;
	}
	return -1;
}

void ndb_free(Ndb *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < db->n; i++)
		free(db->e[i].pair);
	free(db->e);
	free(db->text);
	free(db);
}
