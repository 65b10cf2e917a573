#include <regex.h>
#include <stdlib.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/rx.h>
#include "tap.h"

/* found returns "s-e s-e ..." of a match of pat in text, "none", or the error. */
static const char *found(const char *pat, const char *text, int flags, size_t from)
{
	static char out[256];
	RxSub sub[RXSUBS];
	Rx *rx = rx_compile(pat, flags);
	int n;

	if (rx == NULL)
		return rerrstr();
	n = rx_nsub(rx) + 1;
	strcpy(out, "none");
	if (rx_match(rx, text, strlen(text), from, sub, n)) {
		out[0] = 0;
		for (int i = 0; i < n; i++)
			snprintf(out + strlen(out), sizeof out - strlen(out), "%s%lld-%lld", i ? " " : "",
				 (long long)sub[i].s, (long long)sub[i].e);
	}
	if (rx_match(rx, text, strlen(text), from, NULL, 0) != (strcmp(out, "none") != 0))
		strcpy(out, "the quick way says otherwise");
	rx_free(rx);
	return out;
}

static void table(void)
{
	static const struct {
		const char *pat, *text, *want;
	} t[] = {
		{ "abc", "xxabcabc", "2-5" }, { "a*", "aaa", "0-3" }, { "b*", "aaa", "0-0" }, { "a+b?", "xaay", "1-3" },
		{ "ab|abcd", "abcd", "0-4" }, { "(a|ab)(c|bcd)", "abcd", "0-4 0-1 1-4" }, { "a|b|cd|e", "xcd", "1-3" },
		{ "(a*)(b*)", "aab", "0-3 0-2 2-3" }, { "(a)|(b)", "b", "0-1 -1--1 0-1" }, { "^b", "a\nb", "2-3" },
		{ "a$", "a\nb", "0-1" }, { "^$", "", "0-0" }, { "^$", "a", "none" }, { ".", "\nx", "1-2" },
		{ "[^a]", "a\nb", "2-3" }, { "[a\\]]+", "x]a]", "1-4" }, { "[a-c]+", "zabcd", "1-4" },
		{ "[^a-c]+", "abxyc", "2-4" }, { "a{2}", "a{2}", "0-4" }, { "\\.\\*", "a.*", "1-3" }, { "a\\nb", "a\nb", "0-3" },
		{ "(a*)*", "aa", "0-2 0-2" }, { "(a*)+b", "aab", "0-3 0-2" }, { ".", "λx", "0-2" }, { "[α-ω]+", "aλμb", "1-5" },
		{ "λ", "xλ", "1-3" }, { "(x)?y", "y", "0-1 -1--1" }, { "a**", "aa", "0-2" }, { "", "abc", "0-0" },
		{ "(", "", "missing ) in regular expression" }, { ")", "", "unmatched ) in regular expression" },
		{ "*", "", "missing operand for * in regular expression" }, { "[", "", "missing ] in regular expression" },
		{ "[]", "", "empty [] in regular expression" }, { "a\\", "", "trailing \\ in regular expression" },
		{ "[b-a]", "", "bad range in regular expression" }, { "[a-]+", "-a", "0-2" },
		{ "((((a))))b", "ab", "0-2 0-1 0-1 0-1 0-1" }, { "x|", "a", "0-0" }, { "()b", "b", "0-1 0-0" },
	};

	for (size_t i = 0; i < nelem(t); i++)
		is_str(found(t[i].pat, t[i].text, 0, 0), t[i].want, "/%s/", t[i].pat);
	is_str(found("A[x-z]b", "aYB", RxNocase, 0), "0-3", "any case");
	is_str(found("[A-C]", "b", RxNocase, 0), "0-1", "any case in a class");
	is_str(found("a.*", "xa.*", RxLiteral, 0), "1-4", "a literal");
	is_str(found("a", "aba", 0, 1), "2-3", "from the middle");
	is_str(found("^a", "aa", 0, 1), "none", "^ is not where the search starts");
}

/* The C library has the same rules (leftmost, longest) for what both understand. */
static void against_libc(void)
{
	static const char alphabet[] = "aabbc.*+?|()";
	int bad = 0, tried = 0;

	srand(7);
	for (int i = 0; i < 6000; i++) {
		char pat[12], text[16];
		regex_t re;
		regmatch_t m;
		Rx *rx;
		RxSub sub = { -1, -1 };
		bool a, b;
		int n = rand() % 10 + 1;

		for (int j = 0; j < n; j++)
			pat[j] = alphabet[rand() % (int)(sizeof alphabet - 1)];
		pat[n] = 0;
		for (int j = 0; j < 12; j++)
			text[j] = (char)('a' + rand() % 3);
		text[12] = 0;
		rx = rx_compile(pat, 0);
		if (rx == NULL || regcomp(&re, pat, REG_EXTENDED) != 0) {
			rx_free(rx);
			continue;
		}
		tried++;
		a = rx_match(rx, text, 12, 0, &sub, 1);
		b = regexec(&re, text, 1, &m, 0) == 0;
		if (a != b || (a && (sub.s != m.rm_so || sub.e != m.rm_eo))) {
			bad++;
			printf("# /%s/ in %s: %d %lld-%lld, libc %d %d-%d\n", pat, text, a, (long long)sub.s, (long long)sub.e,
			       b, m.rm_so, m.rm_eo);
		}
		regfree(&re);
		rx_free(rx);
	}
	ok(tried > 1000, "%d random patterns compile", tried);
	is_int(bad, 0, "and match what the C library's match");
}

static void hard(void)
{
	char pat[200] = "", *text = mem_new(20001), *deep = mem_new(9000);

	for (int i = 0; i < 25; i++)
		strcat(pat, "a?");
	strcat(pat, "aaaaaaaaaaaaaaaaaaaaaaaaa$");
	memset(text, 'a', 20000);
	is_str(found(pat, text, 0, 0), "19950-20000", "a pattern that backtracking would never finish");
	memset(deep, '(', 8000);
	is_str(found(deep, "", 0, 0), "too many ( in regular expression", "8000 parentheses");
	memset(deep, 'a', 8500);
	is_str(found(deep, "", 0, 0), "regular expression too long", "8500 characters");
	free(text);
	free(deep);
}

int main(void)
{
	table();
	against_libc();
	hard();
	return done();
}
