package gantry.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test class that has a Gantry: started before its first test, in memory and on a free port of
 * loopback, emptied between tests, gone after the last. Test methods, constructors and
 * {@code @BeforeEach} methods may take any synchronous client of the SDK that Gantry hosts, such as
 * {@code EcsClient}, or a {@link RunningGantry}.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(GantryExtension.class)
public @interface GantryTest {

  /** Whether tasks run in containers, which needs root and Docker, or in the tables only. */
  boolean containers() default false;

  /** Whether policies refuse, or what they would refuse is only recorded. */
  boolean enforceIam() default false;

  /** Whether a request with a member that nothing acts on is refused instead of marked. */
  boolean strict() default false;

  /** Whether each test begins with nothing. */
  boolean resetEach() default true;
}
