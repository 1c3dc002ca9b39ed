#include "http/page.h"

const char page_root[] = "pgTandem " PGTANDEM_VERSION "\n\n"
                         "This is the controller's RPC address. Programs send JSON with POST to\n"
                         "/v2/...; people use the command line client:\n\n"
                         "    pgtandem cluster --list --long\n"
                         "    pgtandem --help\n";
