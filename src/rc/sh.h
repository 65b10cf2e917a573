/*
 * The shell's state, for the files of this directory.
 *
 * Words being evaluated are pointers on one stack, sh.word[0..sh.nword);
 * their bytes are in the region sh.tmp, in values or in trees, and nobody
 * writes to them.  Whoever evaluates takes a Frame first and leaves it when
 * done: that pops words, bytes and redirections (and closes their files),
 * and lets go of the values whose strings were pushed: their variables may
 * have others by then.  As the stack may move, words are named by index, not
 * by pointer, across evaluation.
 */
#ifndef RC_SH_H
#define RC_SH_H

#include <base/buf.h>
#include <os/child.h>
#include <rc/rc.h>
#include "region.h"
#include "tree.h"

/* Flow says how a command ended: everything but Go unwinds. */
typedef enum Flow {
	Go,
	Fail, /* error already reported: back to the interactive loop, or exit */
	Intr, /* interrupted: the same, quietly */
	Quit, /* exit */
} Flow;

enum {
	Tail = 1, /* the process exits after this command: it need not come back */
	Cond = 2, /* its status is being looked at: flag e does not count */
};

/* Value is a list of strings, constant once made; NULL is the empty list.  It may be a part of another, its base. */
typedef struct Value Value;
struct Value {
	int ref, n;
	bool small; /* see var.c */
	char **v;
	Value *base;
	char *own[];
};

typedef struct Fn {
	int ref;
	Unit *unit;
	Node *body;
	char *env;  /* "fn#name=" and then text, for environ */
	char *text; /* "fn name {...}\n", made or got from the environment; parsed when first called */
} Fn;

typedef struct Builtin {
	const char *name;
	Flow (*fn)(int argc, int at, int fl); /* words sh.word[at..at+argc) */
} Builtin;

struct Var {
	Var *next; /* in its hash chain */
	Value *val;
	Fn *fn;
	const Builtin *builtin;
	const RcBuiltin *hook;
	Var *mirror; /* always says the same in another way: path and PATH */
	char *env; /* "name=value", NULL if stale */
	bool kept; /* not for the environment of Linux programs */
	bool gone; /* cleared from the environment, until it changes */
	bool own;  /* not for the environment group either */
	bool changed, fnchanged;
	bool aside; /* met by local_aside */
	char name[];
};

typedef struct Frame {
	int nword, nstep, nheld;
	Mark mark;
} Frame;

typedef struct Sh {
	const RcHooks *hooks;
	const Unit *unit; /* being run, for messages */
	int line;

	char **word;
	int nword, wordcap;
	Value **held; /* those with words on the stack */
	int nheld, heldcap;
	Region tmp;

	FdStep *step; /* redirections in force, oldest first */
	int nstep, stepcap;

	int nullfd; /* the /dev/null that & gave, -1: none */
	int before; /* in a forked copy: the standard input that it hides, -1: none */
	bool flag[128];
	bool ifnot;
	bool sub; /* a forked copy */
	int depth;
	char *cflag, *mflag;
	const char *name; /* argv[0] */

	Var *star, *status, *ifs, *path, *prompt;
} Sh;

extern Sh sh;

/* run.c */
Flow run(Node *n, int fl);
Flow run_unit(Unit *u, int fl);
Flow fn_call(Var *v, Value *args, int fl); /* calls v's function; takes args over */
Frame frame_enter(void) must_use;
void frame_leave(Frame f);
/* run_child is what a forked copy does: it runs n and exits. */
void run_child(Node *n) __attribute__((noreturn));
void sub_enter(void);

/* simple.c */
Flow simple_run(Node *n, int fl);
/* simple_start starts n in the background of the shell and returns its pid, 0 if it failed before (status is set). */
int simple_start(Node *n, bool async);
/* call runs the words from at on as a command. */
Flow call(Node *first, int at, int fl);
/* program runs them as a program, whatever else their name stands for. */
Flow program(int at, int fl);
void exec_words(int at);
int cand_push(const char *name, Var *dirs);

/* word.c: the results are pushed on the word stack */
void push(char *s);
void pushn(const char *s, size_t n);
void pushvalue(Var *v); /* all its words, or the one that a number names */
Flow word_arg(Node *n);      /* with file names for patterns */
Flow word_pattern(Node *n);  /* patterns as they are, GLOB before what is not literal */
Flow word_plain(Node *n);    /* patterns are literal */
char *word_joined(int at, const char *sep); /* words from at on as one string, in sh.tmp */
Var *word_var(Node *n);      /* the variable named by a literal word, NULL for other words */

/* glob.c */
bool glob_match(const char *s, const char *pat);
void glob_words(int at); /* replaces the patterns from at on by file names, or by themselves */
char *glob_literal(char *pat);

/* var.c */
Var *var_get(const char *name);
Var *var_find(const char *name); /* NULL if never heard of */
Value *value_new(char *const *v, int n) must_use;
Value *value_words(int at) must_use;
Value *value_part(Value *v, int from, int n) must_use; /* n of v's strings, not copied */
void value_hold(Value *v); /* until the frame is left */
void value_drop(Value *v);
Value *var_value(Var *v); /* stays the variable's */
void var_set(Var *v, Value *val); /* takes val over */
void var_set1(const char *name, const char *s);
int local_mark(void) must_use;
void local_push(Var *v, Value *val);
void local_pop(int mark);
/* local_aside gives all variables their global values, for a file run by `.', until local_back of what it returned. */
int local_aside(void) must_use;
void local_back(int base);
Fn *fn_new(const char *name, const char *text) must_use; /* with one reference */
void fn_set(Var *v, Fn *fn); /* takes it over */
void fn_drop(Fn *fn);
void var_each(void (*f)(Var *v, void *arg), void *arg);

/* env.c */
void env_start(void);
void env_changed(Var *v);
void env_fnchanged(Var *v);
void env_update(void); /* tells the environment group what changed */
char **env_list(void);
void env_clear(void); /* programs get nothing but what changes from now on */

/* status.c */
void status_set(const char *s);
void status_assign(void); /* sh.status has got a value */
bool status_empty(void);  /* it was the empty list */
const char *status_get(void);
bool status_true(void);
int status_code(void);
void status_end(const ChildEnd *e, char *buf, size_t n);

/* redir.c */
void step_push(FdOp op, int from, int to);
void step_pop(int to);
void step_enter(void); /* a forked copy makes them its own for good */
int step_map(int fd); /* what fd of a command is in the shell, -1 if closed */
Flow redir_open(Node *n);
/* step_apply moves the shell's own 0 1 2 ... as redirected, for a builtin that writes; step_undo restores. */
typedef struct Saved Saved;
Saved *step_apply(void) must_use;
void step_undo(Saved *s);
char *sh_path(const char *name); /* name, or its translation in sh.tmp; NULL with an error string */
int sh_open(const char *name, int mode); /* taking /fd/N by dup; -1 with an error string */

/* job.c */
void job_add(int pid);
void job_clear(void);
Flow job_wait(int pid, bool interruptible); /* sets the status; -1: all */
void job_reap(void);

/* note.c */
void note_init(void);
void note_sub(void);
extern volatile int note_pending;
Flow note_run(void);
bool note_isname(const char *name); /* whether a function of that name is called for a note */
int note_died(void); /* the signal that ended rc, 0 if none */
bool note_handled(void); /* a function stands for some note, or one for sigexit */
void note_default(int sig) __attribute__((noreturn));

/* builtin.c */
extern const Builtin builtins[];
Flow builtin_hook(const RcBuiltin *h, int argc, int at);

/* interp.c */
Flow interp_text(const char *text, const char *file, int fl);
Flow interp_fd(int fd, const char *file, bool interactive, bool whole, bool quiet, int fl);
int interp_check(const char *file);

/* edit.c */
char *edit_line(int fd, const char *prompt); /* owned by the caller, with its newline; NULL at the end or if interrupted */

/* main.c */
void sh_err(const char *fmt, ...) printf_like(1, 2); /* message on the command's descriptor 2 */
Flow sh_fail(const char *fmt, ...) printf_like(1, 2); /* with file and line, status "error" */
Flow sh_failed(const char *what); /* what: rerrstr(), which becomes the status */
void sh_say(int fd, const Buf *b);
int sh_exit(void); /* runs fn sigexit; the exit code */
void sh_follow(void); /* enters the directory again by its name if mounts changed */
void sh_followstop(void); /* forgets the mount table: this process has a new one */

#endif
