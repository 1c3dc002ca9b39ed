#include "cli/local.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"
#include "ipc/ipc.h"

static enum err_code connect_to(const char *path, int *out, struct err *e)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return err_errno(e, ERR_IO, "socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(e, ERR_LIMIT, "the path of the control socket is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		*out = fd;
		fd = -1;
		return ERR_OK;
	}
	if (errno == EACCES || errno == EPERM) {
		err_errno(e, ERR_DENIED, "control socket %s", path);
		return err_hint(e, "the first user is made by root on the controller's machine");
	}
	err_errno(e, ERR_UNREACHABLE, "control socket %s", path);
	return err_hint(e, "is pgtandemd running on this machine? with credentials (--cmon-user, "
	                   "--password) users are made over the network");
}

enum err_code local_call(const char *path, const char *call, struct json *args,
                         struct json **result, struct err *e)
{
	struct ipc_conn *conn;
	int fd = -1;
	enum err_code code = connect_to(path, &fd, e);

	if (code != ERR_OK) {
		json_free(&args);
		return code;
	}
	conn = ipc_new(fd);
	code = ipc_call(conn, call, args, result, e);
	ipc_free(&conn);
	/* here it is the engine that refuses, not us a certificate */
	if (code == ERR_REFUSED)
		e->code = code = ERR_INVALID;
	return code;
}
