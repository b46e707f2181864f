package gantry.junit;

import gantry.app.Gantry;
import gantry.app.Options;
import gantry.services.iam.IamAuthorizer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import software.amazon.awssdk.core.SdkClient;

/** What {@link GantryTest} does; {@code @ExtendWith(GantryExtension.class)} is the same, plain. */
public final class GantryExtension
    implements BeforeAllCallback, AfterEachCallback, ParameterResolver {

  private static final ExtensionContext.Namespace OURS =
      ExtensionContext.Namespace.create(GantryExtension.class);

  @GantryTest
  private static final class Usual {}

  @Override
  public void beforeAll(ExtensionContext context) {
    running(context);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (settings(context).resetEach()) {
      running(context).reset();
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == RunningGantry.class || SdkClient.class.isAssignableFrom(type);
  }

  @Override
  public @Nullable Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    RunningGantry gantry = running(context);
    Class<?> type = parameter.getParameter().getType();
    return type == RunningGantry.class ? gantry : gantry.client(type.asSubclass(SdkClient.class));
  }

  /** One for each class of tests, those nested in it included; JUnit closes it with the class. */
  private static RunningGantry running(ExtensionContext context) {
    ExtensionContext top = context;
    while (top.getParent().isPresent() && top.getParent().get().getTestClass().isPresent()) {
      top = top.getParent().get();
    }
    GantryTest settings = settings(context);
    return top.getStore(OURS)
        .computeIfAbsent(
            RunningGantry.class,
            key -> new RunningGantry(Gantry.start(options(settings))),
            RunningGantry.class);
  }

  private static GantryTest settings(ExtensionContext context) {
    return AnnotationSupport.findAnnotation(context.getRequiredTestClass(), GantryTest.class)
        .orElseGet(() -> Usual.class.getAnnotation(GantryTest.class));
  }

  private static Options options(GantryTest settings) {
    return new Options(
        Options.LOOPBACK,
        0,
        null,
        Options.ACCOUNT,
        Options.REGION,
        settings.strict(),
        settings.containers() ? Options.Engine.DOCKER : Options.Engine.SIMULATED,
        settings.enforceIam() ? IamAuthorizer.Mode.ENFORCE : IamAuthorizer.Mode.AUDIT);
  }
}
