package gantry.traffic.lb;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Many clients in a process of their own, for a process may only open so many sockets. */
public final class Crowd {

  private Crowd() {}

  /** Opens so many connections to a port, says so, and waits to be told to ask over some. */
  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[0]);
    int count = Integer.parseInt(args[1]);
    List<Socket> open = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      open.add(new Socket(InetAddress.getLoopbackAddress(), port));
    }
    System.out.println("open");
    System.in.read();
    int good = 0;
    for (int i = 0; i < count; i += 97) {
      good += new World.Talk(open.get(i)).get("/").status() == 200 ? 1 : 0;
    }
    System.out.println(good);
    System.in.read();
  }

  static Process start(int port, int count) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Crowd.class.getName(),
            Integer.toString(port),
            Integer.toString(count))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
