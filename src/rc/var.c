#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "sh.h"

enum { NHASH = 512 };

/* Loops make and drop little values all the time: those of up to SMALL bytes are kept for the next. */
#ifdef __SANITIZE_ADDRESS__
enum { SMALL = 0 };
#else
enum { SMALL = 64 };
#endif
static Value *spare; /* linked by base */

static Var *vars[NHASH];

/* Locals hide the value a variable had: this is what comes back. */
static struct Hidden {
	Var *v;
	Value *val;
} *hidden;
static int nhidden, hiddencap;
static int base; /* of those below, the global values are in use (local_aside) */

static u32 hash(const char *s)
{
	u32 h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (u8)*s) * 16777619u;
	return h % NHASH;
}

Var *var_find(const char *name)
{
	Var *v = vars[hash(name)];

	while (v != NULL && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

Var *var_get(const char *name)
{
	Var *v = var_find(name);
	size_t n = strlen(name) + 1;
	u32 h;

	if (v != NULL)
		return v;
	h = hash(name);
	v = mem_new(sizeof *v + n);
	memcpy(v->name, name, n);
	v->next = vars[h];
	vars[h] = v;
	return v;
}

void var_each(void (*f)(Var *v, void *arg), void *arg)
{
	for (int i = 0; i < NHASH; i++)
		for (Var *v = vars[i]; v != NULL; v = v->next)
			f(v, arg);
}

static Value *value_alloc(size_t size)
{
	Value *v = spare;

	if (size > SMALL) {
		v = mem_grow(NULL, size, 1);
		v->small = false;
		return v;
	}
	if (v == NULL)
		v = mem_grow(NULL, SMALL, 1);
	else
		spare = v->base;
	v->small = true;
	return v;
}

Value *value_new(char *const *s, int n)
{
	size_t size = sizeof(Value) + (size_t)n * sizeof(char *);
	Value *v;
	char *p;

	if (n == 0)
		return NULL;
	for (int i = 0; i < n; i++)
		size += strlen(s[i]) + 1;
	v = value_alloc(size);
	v->ref = 1;
	v->n = n;
	v->v = v->own;
	v->base = NULL;
	p = (char *)&v->own[n];
	for (int i = 0; i < n; i++) {
		size_t len = strlen(s[i]) + 1;

		v->v[i] = memcpy(p, s[i], len);
		p += len;
	}
	return v;
}

Value *value_part(Value *v, int from, int n)
{
	Value *part;

	if (n == 0)
		return NULL;
	if (n == v->n) {
		v->ref++;
		return v;
	}
	part = value_alloc(sizeof *part);
	part->ref = 1;
	part->n = n;
	part->v = v->v + from;
	part->base = v->base != NULL ? v->base : v;
	part->base->ref++;
	return part;
}

/* value_words finds words that are the end of what was pushed last without copying them. */
Value *value_words(int at)
{
	int n = sh.nword - at;
	Value *last = sh.nheld > 0 ? sh.held[sh.nheld - 1] : NULL;

	if (n > 0 && last != NULL && last->n >= n &&
	    memcmp(sh.word + at, last->v + last->n - n, (size_t)n * sizeof *sh.word) == 0)
		return value_part(last, last->n - n, n);
	return value_new(sh.word + at, n);
}

void value_drop(Value *v)
{
	if (v == NULL || --v->ref > 0)
		return;
	value_drop(v->base);
	if (v->small) {
		v->base = spare;
		spare = v;
	} else {
		free(v);
	}
}

void value_hold(Value *v)
{
	if (sh.nheld == sh.heldcap) {
		sh.heldcap = sh.heldcap == 0 ? 64 : 2 * sh.heldcap;
		sh.held = mem_grow(sh.held, (size_t)sh.heldcap, sizeof(Value *));
	}
	v->ref++;
	sh.held[sh.nheld++] = v;
}

Value *var_value(Var *v)
{
	if (v == sh.status && v->val == NULL && !status_empty()) {
		char *s = (char *)(uintptr_t)status_get();

		v->val = value_new(&s, 1);
	}
	return v->val;
}

void var_set(Var *v, Value *val)
{
	value_drop(v->val);
	v->val = val;
	env_changed(v);
	if (v == sh.status)
		status_assign();
}

void var_set1(const char *name, const char *s)
{
	char *v = (char *)(uintptr_t)s;

	var_set(var_get(name), value_new(&v, 1));
}

int local_mark(void)
{
	return nhidden;
}

void local_push(Var *v, Value *val)
{
	if (nhidden == hiddencap) {
		hiddencap = hiddencap == 0 ? 32 : 2 * hiddencap;
		hidden = mem_grow(hidden, (size_t)hiddencap, sizeof *hidden);
	}
	hidden[nhidden++] = (struct Hidden){ v, v->val };
	v->val = NULL;
	var_set(v, val);
}

void local_pop(int mark)
{
	while (nhidden > mark) {
		struct Hidden *h = &hidden[--nhidden];

		if (h->v == sh.status)
			value_drop(h->val);
		else
			var_set(h->v, h->val);
	}
}

/* swap exchanges the global values of the locals since base, which are in the first entry of each, with their own. */
static void swap(void)
{
	for (int i = base; i < nhidden; i++) {
		struct Hidden *h = &hidden[i];
		Value *val = h->v->val;

		if (h->v->aside || h->v == sh.status)
			continue;
		h->v->aside = true;
		h->v->val = h->val;
		h->val = val;
		env_changed(h->v);
	}
	for (int i = base; i < nhidden; i++)
		hidden[i].v->aside = false;
}

int local_aside(void)
{
	int old = base;

	swap();
	base = nhidden;
	return old;
}

void local_back(int old)
{
	base = old;
	swap();
}

void fn_drop(Fn *fn)
{
	if (fn == NULL || --fn->ref > 0)
		return;
	unit_drop(fn->unit);
	free(fn->env);
	free(fn);
}

Fn *fn_new(const char *name, const char *text)
{
	Fn *fn = mem_new(sizeof *fn);

	fn->ref = 1;
	fn->env = mem_printf("fn#%s=%s", name, text);
	fn->text = fn->env + strlen(name) + 4;
	return fn;
}

void fn_set(Var *v, Fn *fn)
{
	fn_drop(v->fn);
	v->fn = fn;
	env_fnchanged(v);
}
