module ktd.dev/agent

go 1.19
