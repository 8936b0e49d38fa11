module ktd/testbed/clients

go 1.21
