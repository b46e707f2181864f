package gantry.app.ask;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/** Asks a page of the running program and prints what it says, as it comes. */
public final class Answer {

  private Answer() {}

  /**
   * Prints the page.
   *
   * @return the exit code: 0 for an answer, 1 for none
   */
  public static int print(String url, String pathAndQuery) {
    return ask(
        url,
        pathAndQuery,
        (body, out) -> {
          byte[] buffer = new byte[8192];
          for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
            out.write(buffer, 0, n);
            out.flush();
          }
        });
  }

  /** Prints the page's lines but the empty ones, by which it only shows that it is alive. */
  public static int lines(String url, String pathAndQuery) {
    return ask(
        url,
        pathAndQuery,
        (body, out) -> {
          BufferedReader reader =
              new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
          for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (!line.isEmpty()) {
              out.println(line);
              out.flush();
            }
            if (out.checkError()) {
              return; // whoever read this has gone
            }
          }
        });
  }

  private interface Printer {
    void print(InputStream body, PrintStream out) throws IOException;
  }

  private static int ask(String url, String pathAndQuery, Printer printer) {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<InputStream> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(url + pathAndQuery)).build(),
              HttpResponse.BodyHandlers.ofInputStream());
      boolean good = answer.statusCode() == 200;
      PrintStream out = good ? System.out : System.err;
      try (InputStream body = answer.body()) {
        printer.print(body, out);
      }
      return good ? 0 : 1;
    } catch (IOException e) {
      System.err.println("gantry: the program does not answer: " + e.getMessage());
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }
}
