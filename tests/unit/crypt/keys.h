/* A key pair of the tests and a signature, made with ssh-keygen and the openssl command. */
#pragma once

#define CHALLENGE "d7201926-f591-42bd-8df6-ad56ef5d49c4"

static const char key_pkcs1[] = "-----BEGIN RSA PUBLIC KEY-----\n"
                                "MIIBCgKCAQEApeIvKjMElmDV9K8+3xjaA4RQt4n/omudbusDBABdwm+gS1NlgF7K\n"
                                "4hox/Ui6zJvLGKd7J9zrNXS7AbuC/uHtUOlxitOrPdND+4IofQaVPjk0qb7ahzD4\n"
                                "9vxROSa1lqe7ZWujlZdTxcNgTk/gTcFLfuk0/HJkhsnK2tKc7XOworQChLbMe1gw\n"
                                "1fe2XrQW81eEyYClf3lucQLS8Pw0LFZv3+GmHCTJ+r/4ddNFVlGMrNyfjE38V1k5\n"
                                "0v8a9IBknYcfr5wn2VvtJqZZ+IBj+DfOes5/d4vqnYhNY5Ac1mvyMzDDnU9yJgIA\n"
                                "aWSlmsexjkIfDJkl4SDSKi+qmewAZrD49wIDAQAB\n"
                                "-----END RSA PUBLIC KEY-----\n";

static const char key_spki[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApeIvKjMElmDV9K8+3xja\n"
                               "A4RQt4n/omudbusDBABdwm+gS1NlgF7K4hox/Ui6zJvLGKd7J9zrNXS7AbuC/uHt\n"
                               "UOlxitOrPdND+4IofQaVPjk0qb7ahzD49vxROSa1lqe7ZWujlZdTxcNgTk/gTcFL\n"
                               "fuk0/HJkhsnK2tKc7XOworQChLbMe1gw1fe2XrQW81eEyYClf3lucQLS8Pw0LFZv\n"
                               "3+GmHCTJ+r/4ddNFVlGMrNyfjE38V1k50v8a9IBknYcfr5wn2VvtJqZZ+IBj+DfO\n"
                               "es5/d4vqnYhNY5Ac1mvyMzDDnU9yJgIAaWSlmsexjkIfDJkl4SDSKi+qmewAZrD4\n"
                               "9wIDAQAB\n"
                               "-----END PUBLIC KEY-----\n";

static const char key_openssh[] =
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCl4i8qMwSWYNX0rz7fGNoDhFC3if+ia5"
        "1u6wMEAF3Cb6BLU2WAXsriGjH9SLrMm8sYp3sn3Os1dLsBu4L+4e1Q6XGK06s900P7gih9"
        "BpU+OTSpvtqHMPj2/FE5JrWWp7tla6OVl1PFw2BOT+BNwUt+6TT8cmSGycra0pztc7CitA"
        "KEtsx7WDDV97ZetBbzV4TJgKV/eW5xAtLw/DQsVm/f4aYcJMn6v/h100VWUYys3J+MTfxX"
        "WTnS/xr0gGSdhx+vnCfZW+0mpln4gGP4N856zn93i+qdiE1jkBzWa/IzMMOdT3ImAgBpZK"
        "Wax7GOQh8MmSXhINIqL6qZ7ABmsPj3 dba@ops";

static const char key_ed25519[] =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINiKgK7ogXsEYjfp3yj1OXV3/8v6asqZuz"
        "GAEdrnWQbt x";

static const char key_1024[] =
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDfUtrFcFbVmQqhScRp1/lAPLGcDZ9JRR"
        "8EIZY2p3+EsqRlu2suFAY8lL9mzkan37p8MIXptE3ctJo2nR/HYGHaoIWtMOqvsG/GF5ml"
        "wPlKfSB2+a0gbjtzr4Opc/SxL+waXGABjr7DCLFDziFJfZimZb4K9KJJlx/EWTvh8xW/rw"
        "== small";

static const char key_ec[] = "-----BEGIN PUBLIC KEY-----\n"
                             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERnnGBY5qM4jL0m76w7w5pAGVIDe9\n"
                             "IPK95jrbWS2NR3gRpuWbg+ZVTBLep7pWibqSc0o6bwa0cn5CAVJ97+R1aQ==\n"
                             "-----END PUBLIC KEY-----\n";

static const char challenge_sig[] =
        "kFtJuseHgEQ9GfQoOH/uLjyJmsOWeUIsaAHQTqG9ENmB9im3ixm9MChe2BF/Sw3YTgD+5W"
        "6gbn99EP9lLCPkCMKmtP4aZBeuglbjc/jIFx3MXwyVvFm5bqY5J43pr8Sf43hsEueIigbu"
        "07B9UczAleEsx87X1WtuppTsf3cQlyXaneUaiw/rzqTKmusv27omCNcwD8LugYvDH112K2"
        "2Hy4QxWjyvZxbmAP0gZu2pERhXTcg6IUPBOdtSBHrse5So/nEurngJUGZQCExOe/mVoRI5"
        "/gcCr1fPdBLbIkUOeiHO+O6WCkRKE1iuq58iAMhRBTYHbopMw+aKumWj0HWv2g==";
