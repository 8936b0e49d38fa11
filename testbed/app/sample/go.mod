module ktd/testbed/sample

go 1.21
