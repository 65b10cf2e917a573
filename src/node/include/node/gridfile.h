/*
 * The grid file, grid(5): an ndb file with the segments, nodes and hosts of
 * one grid; and plan9.ini, with what a node is told at boot.
 */
#ifndef NODE_GRIDFILE_H
#define NODE_GRIDFILE_H

#include <base/ip.h>
#include <base/u.h>

enum {
	GridNameMax = 32,  /* bytes of a grid's, node's or host's name */
	SegNameMax = 15,   /* a segment is a Linux interface name */
	MaxEthers = 8,     /* of one node */
	MaxSegments = 64,
	MaxMachines = 256, /* nodes and hosts */
	MaxIniText = 64 * 1024,
	MaxScript = 1024 * 1024,
};

typedef struct Segment {
	char *name;
	u32 mtu; /* 0: the default */
} Segment;

typedef struct Ether {
	int n;       /* the N of etherN */
	int segment; /* index in the grid */
	u8 mac[MACLEN];
} Ether;

typedef struct IniVar {
	char *name, *val;
} IniVar;

typedef struct Ini {
	IniVar *v;
	int n;
} Ini;

typedef struct Machine {
	char *name;
	bool host;           /* an ordinary Linux server and not a node */
	Ether ether[MaxEthers];
	int nether;
	u64 mem;             /* bytes of the RAM root */
	/* a node's */
	char *inifile, *scriptfile; /* as the grid file has them, NULL: none */
	Ini ini;             /* what the grid file says beyond the file */
	char *script;        /* the text of scriptfile */
	/* a host's */
	char *addr, *gw;     /* "10.0.0.1/24"; NULL: none */
	Ip ip, gwip;
	int bits;            /* of ip's prefix, of 128 */
	char *cmd;           /* for sh -c; NULL: none, it is only there for exec */
	char *dhcp;          /* the segment on which `anthill run` asks for an address; NULL: it does not */
	bool writable;       /* the host's file system is not read-only below */
} Machine;

typedef struct Grid {
	char *name;
	Segment *seg;
	int nseg;
	Machine *m;
	int nm;
} Grid;

/* grid_parse parses and checks text (file names it in errors); NULL with file, line and reason; owned by the caller. */
Grid *grid_parse(const char *text, size_t n, const char *file) must_use;

/* grid_load reads file, and the ini and script files it names (relative to it); a name that the file has not is name. */
Grid *grid_load(const char *file, const char *name) must_use;

void grid_free(Grid *g);

/* grid_machine finds a node or host by name, grid_segment a segment's index; NULL or -1 with an error that names it. */
Machine *grid_machine(Grid *g, const char *name);
int grid_segment(const Grid *g, const char *name) must_use;

/* grid_goodname says whether s may name a grid, node or host. */
bool grid_goodname(const char *s);

/* grid_addr parses "a.b.c.d/n" (or v6); without /n all of the address is the prefix. */
int grid_addr(const char *s, Ip *ip, int *bits) must_use;

/* grid_hostaddr parses addr and gw of m into ip, bits and gwip. */
int grid_hostaddr(Machine *m) must_use;

/* grid_mac derives a locally administered address from the names, so that it is the same at every start. */
void grid_mac(u8 mac[MACLEN], const char *grid, const char *name, int n);

/* ini_parse adds the name=value lines of a plan9.ini to ini (a later line wins); -1 with file and line. */
int ini_parse(Ini *ini, const char *text, const char *file) must_use;
const char *ini_get(const Ini *ini, const char *name);
void ini_set(Ini *ini, const char *name, const char *val);
void ini_free(Ini *ini);

#endif
