/* pgtandem controller */
#include "base/macros.h"
#include "cli/modes.h"
#include "cli/request.h"

enum err_code run_controller_ping(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = request_new("ping");
	enum err_code code =
	        client_call_anonymous(c->client, "/v2/controller/", request, &c->reply, e);

	if (c->reply)
		cli_print_json(c->reply);
	return code;
}
