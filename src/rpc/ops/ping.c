#include "rpc/call.h"

enum err_code op_ping(struct rpc_call *c, const struct req_ping *req, struct err *e)
{
	json_set_str(c->out, "package_name", RPC_PACKAGE_NAME);
	json_set_str(c->out, "package_version", RPC_PACKAGE_VERSION);
	json_set_str(c->out, "rpc_version", RPC_VERSION);
	json_set_str(c->out, "product", "pgTandem " PGTANDEM_VERSION);
	json_set_str(c->out, "pool_id", c->rpc->controller_id);
	json_set_bool(c->out, "authenticated", c->user.id != 0);
	return ERR_OK;
}
