/* What the clients of venti share: types as the manuals number them, finding a block whose type is not known. */
#ifndef CMD_VENTITOOL_H
#define CMD_VENTITOOL_H

#include <venti/client.h>

/* Types in commands' arguments: data (and its pointer blocks of depth 1 to 7) is 0, directories' is 8, a root's 16. */
enum { TypeData = 0, TypeDir = 8, TypeRoot = 16, TypeMax = 17, TypeDepth = 7 };

/* ventitool_wire returns the wire type of a type. */
int ventitool_wire(int type);

/* ventitool_type is a -t argument: a number or data, dir, root, data+1 ...; it does not return if it is none. */
int ventitool_type(const char *s);

/* ventitool_trace has ventitool_dial's connections print their messages. */
extern bool ventitool_trace;

/* ventitool_dial connects or ends the program. */
Venti *ventitool_dial(const char *host, int conns);

/* ventitool_score parses a score, with a label or none, or ends the program. */
Score ventitool_score(const char *s);

/* ventitool_find reads a block into p[BLOCKMAX], trying one type after another; it returns the type, -1 with an error. */
int ventitool_find(Venti *v, const Score *s, u8 *p, long *n) must_use;

#endif
