module github.com/pproflens/pproflens/autoprofiler

go 1.25.0
