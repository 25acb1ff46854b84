// What Go's own transparency log library says of a log: JSON in, one line a case out.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type said struct {
	Key    string
	Notes  []string
	Leaves []struct {
		Index int64
		Leaf  string
		Path  []string
	}
	Consistency []string
	Tiles       map[string]string
}

func must(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func hash(text string) (found tlog.Hash) {
	data, err := hex.DecodeString(text)
	must(err)
	copy(found[:], data)
	return found
}

func hashes(texts []string) (found []tlog.Hash) {
	for _, text := range texts {
		found = append(found, hash(text))
	}
	return found
}

func tree(key, signed string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	must(err)
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

type mirror map[string]string

func (mirror) Height() int                          { return 8 }
func (mirror) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (m mirror) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		found, err := hex.DecodeString(m[strings.TrimPrefix(tile.Path(), "tile/8/")])
		if err != nil {
			return nil, err
		}
		data = append(data, found)
	}
	return data, nil
}

func main() {
	var log said
	must(json.NewDecoder(os.Stdin).Decode(&log))
	old, head := tree(log.Key, log.Notes[0]), tree(log.Key, log.Notes[1])
	reader := tlog.TileHashReader(head, mirror(log.Tiles))
	for _, one := range log.Leaves {
		must(tlog.CheckRecord(hashes(one.Path), head.N, head.Hash, one.Index, hash(one.Leaf)))
		read, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, one.Index)})
		must(err)
		if read[0] != hash(one.Leaf) {
			must(fmt.Errorf("the tiles have another leaf %d", one.Index))
		}
	}
	must(tlog.CheckTree(hashes(log.Consistency), head.N, head.Hash, old.N, old.Hash))
	fmt.Printf("verified %d leaves and %d in %d\n", len(log.Leaves), old.N, head.N)
}
