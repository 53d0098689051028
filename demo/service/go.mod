module github.com/pproflens/pproflens/demo/service

go 1.24
