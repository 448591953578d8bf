import com.google.gson.reflect.TypeToken;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.JSON;
import org.openapitools.client.api.OrdersApi;
import org.openapitools.client.model.BatchEnd;
import org.openapitools.client.model.BatchResult;
import org.openapitools.client.model.Order;
import org.openapitools.client.model.OrderCommand;
import org.openapitools.client.model.OrderStatus;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.StoredOrder;

/** The program of the client that openapi-generator makes with its Java generator's own choices. */
public class Main {
    public static void main(String[] args) throws Exception {
        ApiClient client = new ApiClient();
        client.setBasePath(args[0]);
        client.setBearerToken(args[1]);
        OrdersApi api = new OrdersApi(client);
        List<Order> orders = JSON.deserialize(Files.readString(Path.of(args[2])), new TypeToken<List<Order>>() {}.getType());
        Order first = orders.get(0);
        String customer = first.getCustomerId();

        for (Order order : orders.subList(0, 3)) {
            int status = api.placeOrderWithHttpInfo(order, null).getStatusCode();
            if (status != 201) throw new IllegalStateException("not placed: " + status);
        }
        StoredOrder read = api.getOrder(first.getOrderUid(), null);

        List<String> paged = new ArrayList<>();
        String cursor = null;
        do {
            ApiResponse<List<StoredOrder>> page =
                api.listOrdersWithHttpInfo(1, cursor, null, null, null, customer, null, null, null, null, null);
            page.getData().forEach(order -> paged.add(order.getOrderUid()));
            String link = String.join(",", page.getHeaders().getOrDefault("link", List.of()));
            Matcher next = Pattern.compile("<([^>]+)>; rel=\"next\"").matcher(link);
            cursor = next.find() ? HttpUrl.get(args[0] + "/api/orders").resolve(next.group(1)).queryParameter("cursor") : null;
        } while (cursor != null);

        StoredOrder cancelled =
            api.cancelOrder(orders.get(1).getOrderUid(), null, null, new OrderCommand().reason("changed their mind"));
        List<OrderStatus> statuses = List.of(OrderStatus.CANCELLED, OrderStatus.EXPIRED);
        List<String> some = new ArrayList<>();
        api.listOrders(null, null, statuses, null, null, customer, null, null, null, null, null)
            .forEach(order -> some.add(order.getOrderUid()));
        Problem missing = null;
        try {
            api.getOrder("nobody-has-this", null);
        } catch (ApiException error) {
            missing = Problem.fromJson(error.getResponseBody());
        }
        File lines = File.createTempFile("orders", ".ndjson");
        Files.writeString(lines.toPath(), JSON.serialize(orders.get(3)) + "\n");
        List<String> answers = Files.readAllLines(api.placeBatch(lines).toPath());
        BatchResult result = BatchResult.fromJson(answers.get(0));
        // Without this last line the answer was cut off.
        BatchEnd end = BatchEnd.fromJson(answers.get(answers.size() - 1));

        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("read", read);
        answer.put("paged", paged);
        answer.put("cancelled", List.of(cancelled.getStatus(), cancelled.getVersion()));
        answer.put("some", some);
        answer.put("missing", List.of(missing.getStatus(), missing.getCode()));
        answer.put("batch", List.of(result.getOutcome(), end.getComplete(), end.getPlaced()));
        System.out.println(JSON.serialize(answer));
        System.exit(0);
    }
}
