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

/* value cuts the value at s, quoted or not, and returns where the line goes on; NULL if a quote is not closed. */
static char *value(char *s, char **val)
{
	char *end;

	*val = s;
	if (*s != '"')
		return s + strcspn(s, " \t#");
	*val = s + 1;
	end = strchr(s + 1, '"');
	if (end == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

/* line parses the pairs of one line into e. */
static int line(NdbEntry *e, char *s, int no, const char *file, int lineno)
{
	for (s += strspn(s, " \t"); *s != '\0' && *s != '#'; s += strspn(s, " \t")) {
		char *attr = s, *val = NULL, *end;
		char was;

		s += strcspn(s, "= \t#");
		if (s == attr)
			return werrstr("%s:%d: a value without an attribute: %.32s", file, lineno, s);
		if (e->npair == MAXPAIRS)
			return werrstr("%s:%d: more than %d pairs in one entry", file, lineno, MAXPAIRS);
		end = s;
		if (*s == '=') {
			s = value(s + 1, &val);
			if (s == NULL)
				return werrstr("%s:%d: the value of %.*s has no closing quote", file, lineno,
					       (int)(end - attr), attr);
		}
		was = *s;
		if (was != '\0' && was != '#')
			s++;
		*end = '\0';
		if (was != '#')
			s[was != '\0' ? -1 : 0] = '\0';
		add_pair(e, attr, val != NULL ? val : end, no);
		if (was == '#') {
			*s = '\0';
			break;
		}
	}
	return 0;
}

static bool blank(const char *s)
{
	s += strspn(s, " \t");
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
		if (line(e, s, no, file, lineno) < 0)
			return -1;
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
