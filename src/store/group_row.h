/* What the files about users and groups share. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/user.h"
#include "store/store.h"

/* Make the group unless it is there. */
enum err_code group_ensure(struct store *s, const char *name, struct err *e);
/* Fill in groups of U, the primary first. */
enum err_code user_read_groups(struct store *s, struct arena *a, struct user *u, struct err *e);
/* ERR_REFUSED when nobody could administrate without this user. */
enum err_code user_check_not_last_admin(struct store *s, int64_t id, struct err *e);
