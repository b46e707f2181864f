// Asks with Go's own resolver, which uses no C library.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

func wrong(what ...any) {
	fmt.Println(append([]any{"WRONG:"}, what...)...)
	os.Exit(1)
}

func main() {
	ctx := context.Background()
	r := &net.Resolver{PreferGo: true}
	if found, err := r.LookupHost(ctx, "api.local"); err != nil || len(found) != 2 {
		wrong("api.local", found, err)
	}
	if found, err := r.LookupHost(ctx, "many.big.test"); err != nil || len(found) != 200 {
		wrong("many.big.test", len(found), err)
	}
	_, found, err := r.LookupSRV(ctx, "db", "tcp", "local")
	if err != nil || len(found) != 1 || found[0].Port != 5432 || found[0].Target != "one._db._tcp.local." {
		wrong("SRV", found, err)
	}
	names, err := r.LookupAddr(ctx, os.Getenv("ADDRESS"))
	if err != nil || len(names) != 1 || strings.TrimSuffix(names[0], ".") != os.Getenv("name") {
		wrong("PTR", names, err)
	}
	_, err = r.LookupHost(ctx, "nobody.local")
	var none *net.DNSError
	if !errors.As(err, &none) || !none.IsNotFound {
		wrong("nobody.local", err)
	}
}
