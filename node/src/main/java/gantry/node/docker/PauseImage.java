package gantry.node.docker;

import com.github.dockerjava.api.exception.NotFoundException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * The image of the pause container, made here byte by byte: a static program that lets the kernel
 * reap its children and then sleeps for ever. So nothing is pulled, no compiler is needed, and
 * there is no binary in the source tree that nobody could check.
 *
 * <p>As process 1 of a shared PID namespace it inherits orphans; ignoring SIGCHLD means that they
 * leave no zombies.
 */
public final class PauseImage {

  static final String PROGRAM = "/pause";
  private static final String REPOSITORY = "gantry/pause";

  /** Changes with the program below. */
  private static final String VERSION = "2";

  public static final String NAME = REPOSITORY + ":" + VERSION;

  private static final int BASE = 0x400000;
  private static final int HEADERS = 64 + 56;

  private PauseImage() {}

  /**
   * Loads the image unless it is there. Its id depends on nothing but the program, so those who do
   * so at the same time make one image.
   */
  public static void ensure(DockerEngine docker) {
    try {
      docker.call("inspect an image", DockerEngine.LOOK, d -> d.inspectImageCmd(NAME).exec());
    } catch (NotFoundException e) {
      docker.loadImages(image(docker.facts().architecture()));
    }
  }

  /** A static ELF executable of one segment. */
  static byte[] elf(String architecture) {
    byte[] code = code(architecture);
    short machine = (short) (architecture.equals("arm64") ? 183 : 62);
    ByteBuffer elf = ByteBuffer.allocate(HEADERS + code.length).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    elf.putShort((short) 2).putShort(machine).putInt(1);
    elf.putLong(BASE + HEADERS).putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 1);
    elf.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    elf.putInt(1).putInt(5); // PT_LOAD, readable and executable
    elf.putLong(0).putLong(BASE).putLong(BASE);
    elf.putLong(HEADERS + code.length).putLong(HEADERS + code.length).putLong(0x1000);
    elf.put(code);
    return elf.array();
  }

  private static byte[] code(String architecture) {
    return switch (architecture) {
      case "amd64" -> amd64();
      case "arm64" -> arm64();
      default ->
          throw new IllegalStateException(
              "CannotCreateContainerError: there is no pause program for the processor "
                  + architecture
                  + ": network mode awsvpc and shared namespaces need amd64 or arm64");
    };
  }

  /** rt_sigaction(SIGCHLD, {SIG_IGN}, NULL, 8); for (;;) pause(); */
  private static byte[] amd64() {
    byte[] program = {
      (byte) 0xb8,
      13,
      0,
      0,
      0, // mov eax, rt_sigaction
      (byte) 0xbf,
      17,
      0,
      0,
      0, // mov edi, SIGCHLD
      0x48,
      (byte) 0x8d,
      0x35,
      19,
      0,
      0,
      0, // lea rsi, [rip + 19]: behind the program
      0x31,
      (byte) 0xd2, // xor edx, edx
      0x41,
      (byte) 0xba,
      8,
      0,
      0,
      0, // mov r10d, 8
      0x0f,
      0x05, // syscall
      (byte) 0xb8,
      34,
      0,
      0,
      0, // mov eax, pause
      0x0f,
      0x05, // syscall
      (byte) 0xeb,
      (byte) 0xf7, // jmp to the mov
    };
    return withAction(program);
  }

  /** The same with ppoll(NULL, 0, NULL, NULL, 0), since there is no pause on this processor. */
  private static byte[] arm64() {
    ByteBuffer program = ByteBuffer.allocate(15 * 4).order(ByteOrder.LITTLE_ENDIAN);
    program.putInt(movz(8, 134)); // rt_sigaction
    program.putInt(movz(0, 17)); // SIGCHLD
    program.putInt(0x10000000 | ((52 >> 2) << 5) | 1); // adr x1, 52 further: behind the program
    program.putInt(movz(2, 0)).putInt(movz(3, 8));
    program.putInt(0xd4000001); // svc #0
    for (int register = 0; register <= 4; register++) {
      program.putInt(movz(register, 0));
    }
    program.putInt(movz(8, 73)); // ppoll
    program.putInt(0xd4000001);
    program.putInt(0x14000000 | (-7 & 0x3ffffff)); // b to the first of the five
    program.putInt(0xd503201f); // nop: keeps what follows at a multiple of 8 in the segment
    return withAction(program.array());
  }

  private static int movz(int register, int value) {
    return 0xd2800000 | value << 5 | register;
  }

  /** struct sigaction: SIG_IGN, no flags, no restorer, no mask. */
  private static byte[] withAction(byte[] program) {
    ByteBuffer all =
        ByteBuffer.allocate(program.length + 32).order(ByteOrder.LITTLE_ENDIAN).put(program);
    all.putLong(1);
    return all.array();
  }

  /** What {@code docker save} would write. */
  private static byte[] image(String architecture) {
    byte[] layer = tar(Map.of("pause", elf(architecture)));
    String config =
        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}"
            .formatted(architecture, sha256(layer));
    String manifest =
        "[{\"Config\":\"config.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"layer.tar\"]}]"
            .formatted(NAME);
    Map<String, byte[]> files = new TreeMap<>();
    files.put("layer.tar", layer);
    files.put("config.json", config.getBytes(StandardCharsets.UTF_8));
    files.put("manifest.json", manifest.getBytes(StandardCharsets.UTF_8));
    return tar(files);
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static byte[] tar(Map<String, byte[]> files) {
    Tar tar = new Tar();
    files.forEach((name, content) -> tar.file(name, "0000755", content));
    return tar.bytes();
  }
}
