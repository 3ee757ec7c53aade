// SPDX-License-Identifier: Apache-2.0

// go_metacall is the story's own program, in our words: N goroutines take batches of texts from a channel and call
// process_batch() of a Python script through MetaCall's Go port. There is one Python, so the calls queue up.
//
// Two slips of the original are not repeated: a result keeps the index of its text (there it came from a counter that
// goroutines raced for), and a batch that comes back with fewer results ends the run (there it was dropped). What it
// took for its memory is reported as it did, by runtime.MemStats.Alloc, in a mark: the Go heap and nothing else.
package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	metacall "github.com/metacall/core/source/ports/go_port/source"
)

type answer struct {
	Index  int     `json:"index"`
	Label  string  `json:"label"`
	Score  float64 `json:"score"`
	Batch  int     `json:"batch"`
	Worker int     `json:"worker"`
	Ms     float64 `json:"ms"`
}

type batch struct {
	number, first int
	texts         []string
}

// marks is the pipe that MEASURE_FD names, while that number means what it meant at the start.
type marks struct {
	fd   int
	pipe syscall.Stat_t
}

func openMarks() *marks {
	m := &marks{fd: -1}
	fd, err := strconv.Atoi(os.Getenv("MEASURE_FD"))
	if err == nil && fd > 2 && syscall.Fstat(fd, &m.pipe) == nil && m.pipe.Mode&syscall.S_IFMT == syscall.S_IFIFO {
		m.fd = fd
	}
	return m
}

func (m *marks) write(name string) {
	var now syscall.Stat_t
	if m.fd < 0 || syscall.Fstat(m.fd, &now) != nil || now.Dev != m.pipe.Dev || now.Ino != m.pipe.Ino {
		return
	}
	// A mark that cannot be written is not worth ending the run for.
	_, _ = syscall.Write(m.fd, []byte(name+"\n"))
}

func (m *marks) heap() {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.write(fmt.Sprintf("heap=%d", stats.Alloc))
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "go_metacall: "+format+"\n", arguments...)
	os.Exit(1)
}

// readTexts gives the first items rows of a column; all rows when items is 0.
func readTexts(path, column string, items int) []string {
	f, err := os.Open(path)
	if err != nil {
		fail("%v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(bufio.NewReader(f)).ReadAll() // as published: all of it, all columns
	if err != nil || len(rows) == 0 {
		fail("%s: no rows (%v)", path, err)
	}
	at := -1
	for i, name := range rows[0] {
		if strings.TrimPrefix(name, "\ufeff") == column {
			at = i
		}
	}
	if at < 0 {
		fail("%s: no column %s", path, column)
	}
	var texts []string
	for _, row := range rows[1:] {
		if items == 0 || len(texts) < items {
			texts = append(texts, row[at])
		}
	}
	return texts
}

// usePackagesOf lets the Python that MetaCall runs see what an interpreter sees, virtual environment and all.
func usePackagesOf(python string) {
	const program = `import os, sys; print(os.pathsep.join(p for p in sys.path[1:] if p))`
	out, err := exec.Command(python, "-c", program).Output()
	if err != nil {
		fail("%s: %v", python, err)
	}
	os.Setenv("PYTHONPATH", strings.TrimSpace(string(out)))
}

// resultsOf turns what process_batch() returned into answers of the batch's texts.
func resultsOf(b batch, value any, worker int, ms float64) ([]answer, error) {
	list, ok := value.([]any)
	if !ok || len(list) != len(b.texts) {
		return nil, fmt.Errorf("batch %d: %d results for %d texts: %v", b.number, len(list), len(b.texts), value)
	}
	answers := make([]answer, len(list))
	for i, item := range list {
		result, _ := item.(map[string]any)
		label, hasLabel := result["label"].(string)
		score, hasScore := result["score"].(float64)
		if !hasLabel || !hasScore {
			return nil, fmt.Errorf("text %d: no label or no score: %v", b.first+i, item)
		}
		answers[i] = answer{b.first + i, label, score, b.number, worker, ms}
	}
	return answers, nil
}

func work(worker int, batches <-chan batch, answers []answer, errs chan<- error, first func()) {
	for b := range batches {
		start := time.Now()
		value, err := metacall.Call("process_batch", b.texts)
		if err != nil {
			errs <- err
			return
		}
		ms := float64(time.Since(start).Microseconds()) / 1000
		done, err := resultsOf(b, value, worker, ms)
		if err != nil {
			errs <- err
			return
		}
		first()
		copy(answers[b.first:], done)
	}
	errs <- nil
}

func writeAnswers(path string, answers []answer) error {
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	encoder := json.NewEncoder(w)
	for _, a := range answers {
		if err = encoder.Encode(a); err != nil {
			break
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(path+".partial", path)
}

func main() {
	m := openMarks()
	input := flag.String("input", "", "CSV file")
	column := flag.String("column", "", "column of the text")
	items := flag.Int("items", 0, "take the first N; 0 = all")
	path := flag.String("answers", "", "JSON Lines, in order")
	script := flag.String("script", "", "Python script with process_batch()")
	model := flag.String("model", "", "model directory, for the script")
	python := flag.String("python", "python3", "interpreter whose packages are used")
	size := flag.Int("batch", 32, "texts of one call")
	workers := flag.Int("workers", runtime.NumCPU(), "goroutines")
	flag.Parse()

	texts := readTexts(*input, *column, *items)
	usePackagesOf(*python)
	os.Setenv("ARM_MODEL", *model)
	if err := metacall.Initialize(); err != nil {
		fail("%v", err)
	}
	m.write("runtime-ready")
	absolute, err := filepath.Abs(*script)
	if err == nil {
		err = metacall.LoadFromFile("py", []string{absolute})
	}
	if err != nil {
		fail("%v", err)
	}
	m.write("script-imported")
	m.write("model-loaded") // the script loads it when it is imported

	batches := make(chan batch)
	errs := make(chan error, *workers)
	answers := make([]answer, len(texts))
	var once sync.Once
	first := func() { once.Do(func() { m.write("first-result") }) }
	for w := 0; w < *workers; w++ {
		go work(w, batches, answers, errs, first)
	}
	go func() {
		for at, n := 0, 0; at < len(texts); at, n = at+*size, n+1 {
			batches <- batch{n, at, texts[at:min(at+*size, len(texts))]}
		}
		close(batches)
	}()
	for w := 0; w < *workers; w++ {
		if err := <-errs; err != nil {
			fail("%v", err)
		}
	}
	m.heap()
	if err := writeAnswers(*path, answers); err != nil {
		fail("%v", err)
	}
	// Python cannot be ended and started again, and MetaCall's own end waits for calls that it never counts down.
	os.Exit(0)
}
