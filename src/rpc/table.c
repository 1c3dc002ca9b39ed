#include <string.h>

#include "base/str.h"
#include "rpc/table.h"

#define ROOT "/v2/"

const struct rpc_op *rpc_op_find(const char *path, const char *name)
{
	for (size_t i = 0; i < rpc_ops_count; i++) {
		if (str_eq(rpc_ops[i].path, path) && str_ieq(rpc_ops[i].name, name))
			return &rpc_ops[i];
	}
	return NULL;
}

const struct rpc_job *rpc_job_find(const char *command)
{
	for (size_t i = 0; i < rpc_jobs_count; i++) {
		if (str_eq(rpc_jobs[i].command, command))
			return &rpc_jobs[i];
	}
	return NULL;
}

/* A prefix may hold the root's name itself: the last one counts. */
static const char *find_root(const char *path, size_t len)
{
	for (size_t i = len; i-- > 0;) {
		if (len - i >= strlen(ROOT) && strncmp(path + i, ROOT, strlen(ROOT)) == 0)
			return path + i;
	}
	return NULL;
}

bool rpc_path_clean(const char *path, char *out, size_t size)
{
	size_t len = strcspn(path, "?#");
	const char *root;

	while (len > 1 && path[len - 1] == '/')
		len--;
	root = find_root(path, len);
	if (!root)
		return false;
	len -= (size_t)(root - path);
	if (len >= size)
		return false;
	memcpy(out, root, len);
	out[len] = '\0';
	return true;
}
