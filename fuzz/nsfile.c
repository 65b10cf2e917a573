/*
 * Lines of name space files: words stay inside their room, and a line that
 * is made of the words found, quoted, gives these words again.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/newns.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

static char *variable(void *arg, const char *name)
{
	(void)arg;
	must(strpbrk(name, "/.!'$ \t\r") == NULL && *name != '\0');
	return strcmp(name, "long") == 0 ? mem_printf("%0900d", 0) : *name == 'u' ? mem_str("gl enda'") : NULL;
}

/* again quotes all words of w by hand, so that nothing in them is a variable or a comment. */
static void again(const NsWords *w)
{
	NsWords *v = mem_new(sizeof *v);
	autobuf Buf b = { 0 };

	for (int i = 0; i < w->n; i++) {
		buf_ch(&b, '\'');
		for (const char *s = w->w[i]; *s != '\0'; s++) {
			buf_ch(&b, *s);
			if (*s == '\'')
				buf_ch(&b, '\'');
		}
		buf_str(&b, "' ");
	}
	must(nsfile_words(v, buf_text(&b), variable, NULL) == 0 && v->n == w->n);
	for (int i = 0; i < w->n; i++)
		must(strcmp(v->w[i], w->w[i]) == 0);
	free(v);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	autofree char *s = NULL;
	NsWords *w;

	if (n > 8192)
		return 0;
	s = mem_strn((const char *)data, n);
	w = mem_new(sizeof *w);
	if (nsfile_words(w, s, variable, NULL) == 0) {
		must(w->n <= NSWORDS);
		for (int i = 0; i < w->n; i++)
			must(strlen(w->w[i]) < NSWORD);
		again(w);
	}
	free(w);
	return 0;
}
