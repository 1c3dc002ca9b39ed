/* Named places where a test can make the process die, stop or fail:
 *   PGTANDEM_FAILPOINTS="store.commit.before=kill@2;job.start=error;step.act=sleep:500"
 * kill: SIGKILL oneself; error: the FAILPOINT() expression gives true; sleep: milliseconds.
 * "@N": only the Nth time it is reached.  "name*": every failpoint that starts so.
 * Compiled in always; costs one load when the variable is not set. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

extern bool failpoint_armed;
void failpoint_init(void); /* read the environment variable, once, at start */
bool failpoint_hit(const char *name);

#define FAILPOINT(name) (failpoint_armed && failpoint_hit(name))
/* Where only dying or sleeping makes sense. */
#define FAILPOINT_HERE(name)                       \
	do {                                       \
		if (failpoint_armed)               \
			(void)failpoint_hit(name); \
	} while (0)
