// The program of the client that oapi-codegen makes.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"

	"example.test/orders/client"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var nextPage = regexp.MustCompile(`<([^>]+)>; rel="next"`)

func main() {
	base, key, input := os.Args[1], os.Args[2], os.Args[3]
	text, err := os.ReadFile(input)
	check(err)
	var orders []client.Order
	check(json.Unmarshal(text, &orders))
	first, second, last := orders[0], orders[1], orders[3]
	withKey := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+key)
		return nil
	}
	service, err := client.NewClientWithResponses(base, client.WithRequestEditorFn(withKey))
	check(err)
	ctx := context.Background()

	for _, order := range orders[:3] {
		placed, err := service.PlaceOrderWithResponse(ctx, nil, order)
		check(err)
		if placed.JSON201 == nil {
			panic(string(placed.Body))
		}
	}
	read, err := service.GetOrderWithResponse(ctx, first.OrderUid, nil)
	check(err)

	paged := []string{}
	limit := 1
	query := client.ListOrdersParams{CustomerId: &first.CustomerId, Limit: &limit}
	for {
		page, err := service.ListOrdersWithResponse(ctx, &query)
		check(err)
		for _, order := range *page.JSON200 {
			paged = append(paged, order.OrderUid)
		}
		link := nextPage.FindStringSubmatch(page.HTTPResponse.Header.Get("Link"))
		if link == nil {
			break
		}
		next, err := url.Parse(link[1])
		check(err)
		cursor := next.Query().Get("cursor")
		query.Cursor = &cursor
	}

	reason := "changed their mind"
	cancelled, err := service.CancelOrderWithResponse(ctx, second.OrderUid, nil, client.OrderCommand{Reason: &reason})
	check(err)
	statuses := []client.OrderStatus{"cancelled", "expired"}
	some, err := service.ListOrdersWithResponse(ctx, &client.ListOrdersParams{CustomerId: &first.CustomerId, Status: &statuses})
	check(err)
	someUids := []string{}
	for _, order := range *some.JSON200 {
		someUids = append(someUids, order.OrderUid)
	}
	missing, err := service.GetOrderWithResponse(ctx, "nobody-has-this", nil)
	check(err)
	line, err := json.Marshal(last)
	check(err)
	batch, err := service.PlaceBatchWithBodyWithResponse(ctx, "application/x-ndjson", bytes.NewReader(append(line, '\n')))
	check(err)
	var result client.BatchResult
	lines := bytes.Split(bytes.TrimSpace(batch.Body), []byte("\n"))
	check(json.Unmarshal(lines[0], &result))
	// Without this last line the answer was cut off.
	var end client.BatchEnd
	check(json.Unmarshal(lines[len(lines)-1], &end))

	answer, err := json.Marshal(map[string]any{
		"read":      read.JSON200,
		"paged":     paged,
		"cancelled": []any{cancelled.JSON200.Status, cancelled.JSON200.Version},
		"some":      someUids,
		"missing":   []any{missing.ApplicationproblemJSON404.Status, missing.ApplicationproblemJSON404.Code},
		"batch":     []any{result.Outcome, end.Complete, end.Placed},
	})
	check(err)
	fmt.Println(string(answer))
}
