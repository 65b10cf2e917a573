/*
 * The parts of the line editor.
 */
#ifndef RC_EDIT_H
#define RC_EDIT_H

#include <base/buf.h>

/* hist_count returns how many lines are remembered (reading $history or $home/lib/rchistory the first time). */
int hist_count(void);

/* hist_line returns line i, the oldest being 0; it stays the history's. */
const char *hist_line(int i);

/* hist_add remembers a line, in the file too, unless it is empty or repeats the last. */
void hist_add(const char *line);

/* hist_find returns the index of the latest line before index i that contains s, -1 if none does. */
int hist_find(int i, const char *s);

/*
 * complete_word finds the file names that line[0..n) may end in.  It returns how many there are; *from is where in
 * the line the name begins, *text (the caller's) what they have in common, quoted and with a / or blank behind it if
 * it is one; *all lists them if they are several.
 */
int complete_word(const char *line, size_t n, size_t *from, char **text, char **all);

#endif
