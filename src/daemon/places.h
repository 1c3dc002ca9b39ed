/* Directories of the daemon and the user of its network side. */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "daemon/config.h"

/* Who the api runs as. */
struct api_user {
	uid_t uid;
	gid_t gid;
	bool switched; /* false: we are no root, everything runs as ourselves */
};
enum err_code places_api_user(const struct config *c, struct api_user *u, struct err *e);
/* Make data and run directory; the api's group may read the former. */
enum err_code places_make(const struct config *c, struct err *e);
/* One daemon a data directory: the lock lasts as long as *FD is open. */
enum err_code places_lock(const struct config *c, int *fd, struct err *e);
/* Path of the program of that name in libexec; the caller frees it. */
enum err_code places_libexec(const struct config *c, const char *program, char **path,
                             struct err *e);
/* One of the daemon's own programs, which are together: beside it, or in libexec; the caller frees
 * it. */
enum err_code places_sibling(const struct config *c, const char *program, char **path,
                             struct err *e);
