package gantry.app.ask;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Asks a page of the running program and prints what it says, as it comes. */
public final class Answer {

  private Answer() {}

  /**
   * Prints the page.
   *
   * @return the exit code: 0 for an answer, 1 for none
   */
  public static int print(String url, String pathAndQuery) {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<InputStream> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(url + pathAndQuery)).build(),
              HttpResponse.BodyHandlers.ofInputStream());
      boolean good = answer.statusCode() == 200;
      PrintStream out = good ? System.out : System.err;
      try (InputStream body = answer.body()) {
        byte[] buffer = new byte[8192];
        for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
          out.write(buffer, 0, n);
          out.flush();
        }
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
