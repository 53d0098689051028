package memory

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// cgroup is the process's memory cgroup and its ancestors, the innermost first. Any of them may have the limit.
type cgroup struct {
	dialect
	path   string // as /proc/self/cgroup has it
	groups []group

	limited   int    // the group that had the smallest limit at the last look
	lastLimit uint64 // 0 without one
}

// dialect is what a version of cgroups calls things.
type dialect struct {
	version                int
	source                 Source
	fileSystem, controller string
	max, current           string
	inactiveFile           string
	anon, file             string
}

// Where both versions are mounted, the memory controller belongs to one of them: version 1 says so by name.
var dialects = []dialect{
	{
		version: 1, source: SourceCgroup1, fileSystem: "cgroup", controller: "memory",
		max: "memory.limit_in_bytes", current: "memory.usage_in_bytes",
		inactiveFile: "total_inactive_file ", anon: "total_rss ", file: "total_cache ",
	},
	{
		version: 2, source: SourceCgroup2, fileSystem: "cgroup2", controller: "",
		max: "memory.max", current: "memory.current",
		inactiveFile: "inactive_file ", anon: "anon ", file: "file ",
	},
}

// group is one folder.
type group struct {
	max, current, stat *file
}

// unlimited is above any limit. Version 1 writes the largest multiple of the page size for "no limit", version 2 "max".
const unlimited = 1 << 62

// findCgroup returns the cgroup that counts the process's memory, nil where there is none.
func findCgroup(root string) *cgroup {
	membership, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return nil
	}
	mounts, err := os.ReadFile(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return nil
	}
	for _, d := range dialects {
		name, isMember := memberOf(string(membership), d.controller)
		mountRoot, mountPoint, isMounted := findMount(string(mounts), d.fileSystem, d.controller)
		if !isMember || !isMounted {
			continue
		}
		c := &cgroup{dialect: d, path: name}
		for _, dir := range ancestors(mountPoint, below(mountRoot, name)) {
			at := func(name string) *file { return newFile(filepath.Join(root, dir, name)) }
			// The root of version 2 has no such file, nor has a group whose parent does not delegate memory.
			if _, err := os.Stat(filepath.Join(root, dir, d.current)); err == nil {
				c.groups = append(c.groups, group{at(d.max), at(d.current), at("memory.stat")})
			}
		}
		if len(c.groups) > 0 {
			return c
		}
	}
	return nil
}

// memberOf finds the path in lines of /proc/self/cgroup, such as "4:memory:/docker/1f" and, for version 2, "0::/init".
func memberOf(membership, controller string) (string, bool) {
	for line := range strings.Lines(membership) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) < 3 {
			continue
		}
		for name := range strings.SplitSeq(fields[1], ",") {
			if name == controller {
				return fields[2], true
			}
		}
	}
	return "", false
}

// findMount finds which folder of the hierarchy is mounted, and where, in lines of /proc/self/mountinfo:
//
//	35 31 0:32 /docker/1f /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
func findMount(mounts, fileSystem, controller string) (root, point string, ok bool) {
	for line := range strings.Lines(mounts) {
		before, after, found := strings.Cut(line, " - ")
		mount, what := strings.Fields(before), strings.Fields(after)
		if !found || len(mount) < 5 || len(what) < 3 || what[0] != fileSystem {
			continue
		}
		if controller == "" || strings.Contains(","+what[2]+",", ","+controller+",") {
			return unescape(mount[3]), unescape(mount[4]), true
		}
	}
	return "", "", false
}

// unescape undoes what mountinfo does to paths.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace

// below returns name relative to the mounted folder. Where it is not inside, the mount is the container's own folder
// and name is what the host calls it.
func below(mountRoot, name string) string {
	rest, inside := strings.CutPrefix(name, strings.TrimSuffix(mountRoot, "/"))
	if !inside || rest != "" && rest[0] != '/' || strings.Contains(name, "..") {
		return "/"
	}
	return path.Clean("/" + rest)
}

// ancestors returns the folder point/rest and those above it, up to point itself.
func ancestors(point, rest string) []string {
	dirs := []string{path.Join(point, rest)}
	for rest != "/" {
		rest = path.Dir(rest)
		dirs = append(dirs, path.Join(point, rest))
	}
	return dirs
}

// limit returns the smallest limit and the group that has it; without a limit 0 and the innermost group. Each look reads
// it again: a pod can be resized while it runs. With an error, it is that of the last look.
func (c *cgroup) limit() (group int, limit uint64, err error) {
	if c == nil {
		return 0, 0, nil
	}
	for i, g := range c.groups {
		text, err := g.max.read()
		if err != nil {
			return c.limited, c.lastLimit, err
		}
		// "max" reads as 0.
		if n := parseUint(text); n > 0 && n < unlimited && (limit == 0 || n < limit) {
			group, limit = i, n
		}
	}
	c.limited, c.lastLimit = group, limit
	return group, limit, nil
}

func (c *cgroup) usage(group int) (current, inactiveFile uint64, err error) {
	text, err := c.groups[group].current.read()
	if err != nil {
		return 0, 0, err
	}
	current = parseUint(text)
	stat, err := c.groups[group].stat.read()
	if err != nil {
		return current, 0, err
	}
	inactiveFile, _ = find(stat, c.inactiveFile)
	return current, inactiveFile, nil
}

func (c *cgroup) close() {
	for _, g := range c.groups {
		g.max.close()
		g.current.close()
		g.stat.close()
	}
}

// workingSet is what the kernel cannot take back by dropping file pages nobody used lately, as kubelet computes it.
func workingSet(current, inactiveFile uint64) uint64 {
	return current - min(current, inactiveFile)
}

// Cgroup is what the kernel counts for the cgroup that has the limit, or for the innermost one; in bytes.
type Cgroup struct {
	Version      int // 1 or 2; 0 without a memory cgroup
	Path         string
	Current, Max uint64 // Max is 0 without a limit
	InactiveFile uint64
	WorkingSet   uint64
	Anon, File   uint64
}

// Cgroup reads the cgroup's numbers. It is for captures: a look needs fewer.
func (r *Reader) Cgroup() (Cgroup, error) {
	c := r.cgroup
	if c == nil {
		return Cgroup{}, nil
	}
	group, limit, limitErr := c.limit()
	current, inactiveFile, usageErr := c.usage(group)
	stat, statErr := c.groups[group].stat.read()
	anon, _ := find(stat, c.anon)
	file, _ := find(stat, c.file)
	return Cgroup{
		Version:      c.version,
		Path:         c.path,
		Current:      current,
		Max:          limit,
		InactiveFile: inactiveFile,
		WorkingSet:   workingSet(current, inactiveFile),
		Anon:         anon,
		File:         file,
	}, errors.Join(limitErr, usageErr, statErr)
}
